"""The reference solver's process: bids in auctions and carries out what it wins.

It keeps nothing on disk. Its live awards come from the service, their state from the chains, so one that was killed at
any moment goes on where it was. Bidding, awaiting awards and each award's execution go on side by side; a service or a
chain that is away, or says no (a bond that is not indexed yet), stops only what needs it, and is said once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from orbital.chain import hexes
from orbital.chain.keys import Signer
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.client import wire
from orbital.client.client import Client
from orbital.domain.errors import Conflict, Unavailable
from orbital.domain.network import Network
from orbital.domain.types import ChainId, IntentId
from orbital.observe import logging
from orbital.solver import funding, profile
from orbital.solver.bidder import Bidder
from orbital.solver.executor import Executor, Job, Step
from orbital.solver.settings import SolverSettings

IDLE_STEPS: Final = frozenset({Step.DONE, Step.MISSED, Step.REFUSED})

log = logging.get_logger("solver")


async def run(
    client: Client,
    network: Network,
    rpcs: Mapping[ChainId, Rpc],
    signer: Signer,
    settings: SolverSettings,
) -> None:
    """Run until cancelled. `client` is signed in as `signer`, whose account nobody else uses meanwhile."""
    wallets = {chain_id: Wallet(node, signer) for chain_id, node in rpcs.items()}
    desk = Desk(client, network, rpcs, wallets, settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(desk.introduce())
        group.create_task(desk.fund())
        group.create_task(desk.bid())
        group.create_task(desk.await_awards(group))


class Desk:
    """One solver's work: `jobs` are its live awards, one task each."""

    def __init__(
        self,
        client: Client,
        network: Network,
        rpcs: Mapping[ChainId, Rpc],
        wallets: Mapping[ChainId, Wallet],
        settings: SolverSettings,
    ) -> None:
        self._client = client
        self._network = network
        self._rpcs = rpcs
        self._wallets = wallets
        self._settings = settings
        self._executor = Executor(network, rpcs, wallets, settings.receipt_seconds)
        self._jobs: dict[IntentId, Job] = {}
        self._working: set[IntentId] = set()
        self._is_funded = asyncio.Event()

    async def fund(self) -> None:
        """See to bond and allowances, as long as it takes."""
        await self._persist("funding", self._fund_once)
        self._is_funded.set()

    async def introduce(self) -> None:
        """See to the profile, as long as it takes; nothing waits for it."""
        await self._persist("profile", self._introduce_once)

    async def bid(self) -> None:
        """Look for auctions for ever, once there is a bond."""
        await self._is_funded.wait()
        bidder = Bidder(self._client, self._network, self._rpcs, self._settings, self._jobs)
        while True:
            await self._persist("bidding", bidder.bid_once)
            await asyncio.sleep(self._settings.poll_seconds)

    async def await_awards(self, group: asyncio.TaskGroup) -> None:
        """Learn of live awards as they come and go; each new one gets a task of its own."""
        etag: str | None = None

        async def look() -> None:
            nonlocal etag
            found = await self._client.list_live_awards(wait_seconds=self._settings.wait_seconds, etag=etag)
            if found is None:
                return
            etag = found.etag
            self._take(found.data)

        while True:
            await self._persist("awards", look)
            for intent_id in self._jobs.keys() - self._working:
                self._working.add(intent_id)
                group.create_task(self._carry_out(intent_id))

    async def _introduce_once(self) -> None:
        await profile.ensure_profile(self._client, self._network, self._settings)

    async def _fund_once(self) -> None:
        home = self._network.registry_chain_id
        await funding.ensure_bond(self._network, self._rpcs[home], self._wallets[home])
        await funding.ensure_allowances(self._network, self._rpcs, self._wallets)

    def _take(self, awards: list[wire.SignedAward]) -> None:
        live = {job.intent_id: job for job in map(_job_of, awards) if self._serves(job)}
        for gone in self._jobs.keys() - live.keys():
            del self._jobs[gone]
        self._jobs.update(live)

    def _serves(self, job: Job) -> bool:
        """Whether this solver has both chains of an award; one that it lost since it bid it can only let lapse."""
        missing = {job.intent.origin_chain_id, job.intent.destination_chain_id} - self._network.chains.keys()
        if missing:
            log.warning("award_left", intent_id=job.intent_id.hex(), missing_chains=sorted(missing))
        return not missing

    async def _carry_out(self, intent_id: IntentId) -> None:
        """Step through an award until the service no longer counts it as live."""
        name = f"award {intent_id.hex()[:8]}"
        steps: list[Step] = []

        async def step() -> None:
            job = self._jobs.get(intent_id)
            if job is not None:
                steps.append(await self._executor.step(job))

        while intent_id in self._jobs:
            await self._persist(name, step)
            last = steps.pop() if steps else Step.WAITING
            if last is Step.WAITING:
                await asyncio.sleep(self._settings.step_seconds)
            elif last in IDLE_STEPS:
                await asyncio.sleep(self._settings.back_off_seconds)
        self._working.discard(intent_id)

    async def _persist(self, name: str, job: Callable[[], Awaitable[object]]) -> None:
        """Do the job until it works; what it waits for is said once, and again when that changes."""
        said: str | None = None
        while True:
            try:
                await job()
            except (Unavailable, Conflict) as failure:
                if failure.code != said:
                    log.warning("waiting", job=name, code=failure.code, detail=failure.detail)
                said = failure.code
                await asyncio.sleep(self._settings.back_off_seconds)
            else:
                if said is not None:
                    log.info("going_on", job=name)
                return


def _job_of(one: wire.SignedAward) -> Job:
    return Job(
        intent=one.intent.to_domain(),
        user_signature=None if one.signature is None else hexes.parse_bytes(one.signature),
        award=one.award.to_domain(),
        award_signature=hexes.parse_bytes(one.award_signature),
    )
