"""Opened intents that nobody delivers: expired on the destination, or in the end refunded on the origin.

Past its fill deadline an unfilled intent is made unfillable by `expire`, whose message pays the user at once. If that
message stays away until the origin's own refund is due, `refund` is the fallback; it is called only while the
destination says that there is no fill, and its time is past every possible one.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

from orbital.chain import mailbox, settler
from orbital.chain.rpc import Rpc, RpcError
from orbital.chain.settler import EscrowStatus, OutcomeStatus
from orbital.chain.transactions import Reverted, Wallet
from orbital.domain.errors import Unavailable
from orbital.domain.facts import Fact, IntentOpened, IntentRefunded, IntentSettled
from orbital.domain.intent import Intent
from orbital.domain.network import Chain, Network
from orbital.domain.types import ZERO_ADDRESS, Amount, ChainId, IntentId
from orbital.observe import logging
from orbital.solver.delivery import next_pause
from orbital.solver.settings import RelayerSettings

log = logging.get_logger("relayer")


@dataclass(slots=True)
class Watched:
    """An intent in escrow; `due_at` (monotonic) is when to look at it next."""

    intent_id: IntentId
    intent: Intent
    origin: Chain
    destination: Chain
    due_at: float = 0.0
    pause_seconds: float = 0.0


class Expiries:
    """All opened intents whose escrow is not known to be paid out for good."""

    def __init__(
        self,
        network: Network,
        rpcs: Mapping[ChainId, Rpc],
        wallets: Mapping[ChainId, Wallet],
        settings: RelayerSettings,
    ) -> None:
        self._network = network
        self._rpcs = rpcs
        self._wallets = wallets
        self._settings = settings
        self._watched: dict[IntentId, Watched] = {}
        self._closed: set[IntentId] = set()

    def take(self, fact: Fact) -> None:
        """Hear a fact of a finalized block, in its chain's order."""
        if fact.intent_id is None:
            return
        match fact.event:
            case IntentOpened(intent=intent) if fact.intent_id not in self._closed:
                origin = self._network.chains.get(intent.origin_chain_id)
                destination = self._network.chains.get(intent.destination_chain_id)
                if origin is not None and destination is not None:
                    watched = Watched(fact.intent_id, intent, origin, destination)
                    self._watched.setdefault(fact.intent_id, watched)
            case IntentSettled() | IntentRefunded():
                self._closed.add(fact.intent_id)
                self._watched.pop(fact.intent_id, None)
            case _:
                return

    async def look(self, destination_id: ChainId) -> None:
        """Deal with what is overdue on a destination. Raises Unavailable while a chain does not answer."""
        now = time.monotonic()
        mine = [
            one for one in self._watched.values() if one.destination.chain_id == destination_id and one.due_at <= now
        ]
        if not mine:
            return
        head = await self._rpcs[destination_id].header("latest")
        overdue = [one for one in mine if head is not None and head.timestamp > one.intent.fill_deadline]
        batch = overdue[: self._settings.batch]
        results = await asyncio.gather(*(self._close(one) for one in batch), return_exceptions=True)
        for failure in results:
            if failure is not None:
                raise failure

    async def _close(self, one: Watched) -> None:
        """The next thing for an overdue intent; then it is left alone for a while, whatever came of it."""
        one.pause_seconds = next_pause(one.pause_seconds, self._settings)
        one.due_at = time.monotonic() + one.pause_seconds
        origin_node = self._rpcs[one.origin.chain_id]
        outcome, escrow, origin_head = await asyncio.gather(
            settler.fetch_outcome(self._rpcs[one.destination.chain_id], one.destination.settler, one.intent_id),
            settler.fetch_escrow(origin_node, one.origin.settler, one.intent_id),
            origin_node.header("latest"),
        )
        if escrow.status is not EscrowStatus.HELD or outcome.status is OutcomeStatus.FILLED:
            return
        if outcome.status is OutcomeStatus.NONE:
            await self._expire(one)
        refundable_after = one.intent.fill_deadline + self._network.refund_delay_seconds
        if origin_head is not None and origin_head.timestamp > refundable_after:
            await self._send(one, one.origin, settler.refund(one.intent), 0, "refunded")

    async def _expire(self, one: Watched) -> None:
        said = mailbox.Outcome(mailbox.Kind.EXPIRED, one.intent_id, ZERO_ADDRESS, ZERO_ADDRESS, Amount(0))
        fee = await mailbox.fetch_dispatch_fee(
            self._rpcs[one.destination.chain_id],
            one.destination.mailbox,
            one.origin.domain,
            mailbox.pad_address(one.origin.settler),
            mailbox.pack_outcome(said),
        )
        await self._send(one, one.destination, settler.expire(one.intent), fee, "expired")

    async def _send(self, one: Watched, chain: Chain, data: bytes, value_wei: int, done: str) -> None:
        wallet = self._wallets[chain.chain_id]
        wallet.forget_nonce()
        try:
            sent = await wallet.send(chain.settler, data, value_wei)
            await wallet.wait_receipt(sent, self._settings.receipt_seconds)
        except (Reverted, RpcError) as refusal:
            log.warning("refused", intent_id=one.intent_id.hex(), step=done, reason=refusal.detail)
        except Unavailable as failure:
            if failure.code != "transaction_not_mined":
                raise
            log.warning("not_mined", intent_id=one.intent_id.hex(), step=done, reason=failure.detail)
        else:
            log.info(done, intent_id=one.intent_id.hex(), chain_id=chain.chain_id)
