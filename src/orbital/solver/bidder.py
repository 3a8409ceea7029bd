"""Which auctions to bid in, how much, and that no promise exceeds what the solver has.

A promise is a bid whose auction has not been decided, or an award that is not filled; together they never exceed the
balance of their token. An auction that is still there after it should have closed found no valid bid: it gets a new
one, for the same bid again would not wake it.
"""

import asyncio
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orbital.chain import hexes, token
from orbital.chain.rpc import Rpc
from orbital.client import wire
from orbital.client.client import Client
from orbital.client.errors import ApiError
from orbital.domain import quotes
from orbital.domain.network import Network
from orbital.domain.types import Address, Amount, ChainId, IntentId, UnixSeconds
from orbital.observe import logging, metrics
from orbital.solver import pricing
from orbital.solver.executor import Job
from orbital.solver.markets import Watcher
from orbital.solver.settings import SolverSettings

AUCTION_GONE: Final = frozenset({"auction_closed", "not_found"})
AT_ONCE: Final = 8
DECIDED_AFTER: Final = dt.timedelta(seconds=1)
TRY_AGAIN_AFTER: Final = dt.timedelta(seconds=1)

Asset = tuple[ChainId, Address]

log = logging.get_logger("solver")
BIDS = metrics.counter("orbital_solver_bids_total", "Bids by how they were answered.", ("answer",))


@dataclass(frozen=True, slots=True)
class Promise:
    """A bid, or a refusal of one, that counts until `until`."""

    asset: Asset
    amount: Amount
    until: dt.datetime


class Bidder:
    """Bids for one solver. `jobs` are its live awards, kept up to date by whoever awaits them."""

    def __init__(
        self,
        client: Client,
        network: Network,
        rpcs: Mapping[ChainId, Rpc],
        settings: SolverSettings,
        jobs: Mapping[IntentId, Job],
    ) -> None:
        self._client = client
        self._network = network
        self._rpcs = rpcs
        self._settings = settings
        self._jobs = jobs
        self._watcher = Watcher(network, rpcs)
        self._promises: dict[tuple[IntentId, int], Promise] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def bid_once(self) -> int:
        """Bid in every open auction that is worth it and has no bid of ours; returns how many bids were sent."""
        pending = await self._client.list_pending()
        now = dt.datetime.now(dt.UTC)
        self._forget(now)
        if not any(self._is_new(one) for one in pending):
            return 0
        markets = await self._watcher.fetch()
        wanted = [bid for one in pending if (bid := self._plan(one, markets, now)) is not None]
        if not wanted:
            return 0
        free = await self._fetch_free({promise.asset for _, promise in wanted})
        affordable = []
        for one, promise in wanted:
            if free[promise.asset] >= promise.amount:
                free[promise.asset] -= promise.amount
                affordable.append((one, promise))
        sent = await asyncio.gather(*(self._send(one, promise) for one, promise in affordable), return_exceptions=True)
        for failure in sent:
            if failure is not None:
                raise failure
        return len(affordable)

    def _is_new(self, one: wire.Pending) -> bool:
        return (IntentId(hexes.parse_hash(one.intent_id)), one.round) not in self._promises

    def _plan(
        self, one: wire.Pending, markets: quotes.Markets, now: dt.datetime
    ) -> tuple[wire.Pending, Promise] | None:
        if not self._is_new(one):
            return None
        intent = one.intent.to_domain()
        amount = pricing.price(intent, self._network, markets, self._settings.fee_bps)
        if amount is None:
            return None
        asset = intent.destination_chain_id, intent.output_token
        return one, Promise(asset, amount, max(one.closes_at, now) + DECIDED_AFTER)

    async def _send(self, one: wire.Pending, promise: Promise) -> None:
        intent_id = IntentId(hexes.parse_hash(one.intent_id))
        valid_until = UnixSeconds(int(one.closes_at.timestamp()) + self._settings.bid_seconds)
        self._promises[intent_id, one.round] = promise
        async with self._slots:
            try:
                await self._client.bid(intent_id, ChainId(one.intent.origin_chain_id), promise.amount, valid_until)
            except ApiError as refusal:
                if refusal.is_temporary:
                    del self._promises[intent_id, one.round]
                    raise
                self._refused(intent_id, one, promise, refusal)
                return
        BIDS.labels("accepted").inc()

    def _refused(self, intent_id: IntentId, one: wire.Pending, promise: Promise, refusal: ApiError) -> None:
        """Leave the auction alone for a moment: being told no for the same reason every poll helps nobody."""
        until = dt.datetime.now(dt.UTC) + TRY_AGAIN_AFTER
        self._promises[intent_id, one.round] = Promise(promise.asset, Amount(0), until)
        BIDS.labels(refusal.code).inc()
        if refusal.code not in AUCTION_GONE:
            log.warning("bid_refused", intent_id=one.intent_id, code=refusal.code, detail=refusal.detail)

    def _forget(self, now: dt.datetime) -> None:
        self._promises = {key: promise for key, promise in self._promises.items() if promise.until > now}

    async def _fetch_free(self, assets: Iterable[Asset]) -> dict[Asset, int]:
        """What is neither bid nor awarded of each asset."""
        wanted = list(assets)
        balances = await asyncio.gather(
            *(token.fetch_balance(self._rpcs[chain_id], address, self._client.address) for chain_id, address in wanted)
        )
        free: dict[Asset, int] = dict(zip(wanted, balances, strict=True))
        awarded = [
            ((job.intent.destination_chain_id, job.intent.output_token), job.award.output_amount)
            for job in self._jobs.values()
        ]
        promised = [
            (promise.asset, promise.amount)
            for (intent_id, _), promise in self._promises.items()
            if intent_id not in self._jobs
        ]
        for asset, amount in awarded + promised:
            if asset in free:
                free[asset] -= amount
        return free
