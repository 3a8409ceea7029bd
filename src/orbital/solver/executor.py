"""Carries out one award, a step at a time, from what the chains say and nothing else.

A step looks at escrow and delivery and does the one thing that is next: open on the origin, wait until the open counts
by the origin's `fill_after` and the word of most of its nodes, fill on the destination with the bridge's fee, repaid to
the solver. So it does not matter where an earlier process was killed or which block a reorg took: the next step starts
from the chains as they are. A transaction that was sent twice because its first copy was not seen yet reverts and costs
gas, nothing else.

Before each send the account's next nonce is read from the chain, for a reorg moves it back without a word.
"""

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from orbital.chain import mailbox, quorum, settler
from orbital.chain.rpc import Rpc, RpcError
from orbital.chain.settler import EscrowStatus, OutcomeStatus
from orbital.chain.transactions import Reverted, Wallet
from orbital.domain.errors import Unavailable
from orbital.domain.intent import Award, Intent
from orbital.domain.network import Chain, Network
from orbital.domain.types import ChainId, IntentId
from orbital.observe import logging, metrics

log = logging.get_logger("solver")
STEPS = metrics.counter("orbital_solver_steps_total", "Transactions of the solver by what became of them.", ("result",))


class Step(Enum):
    """What a step came to."""

    OPENED = "opened"
    FILLED = "filled"
    WAITING = "waiting"  # for confirmations, or for a chain to move on
    REFUSED = "refused"  # the chain reverts; trying again may help as long as the award is live
    MISSED = "missed"  # too late for what is next
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Job:
    """An award with all signatures; `user_signature` is None when the user opened himself."""

    intent: Intent
    user_signature: bytes | None
    award: Award
    award_signature: bytes

    @property
    def intent_id(self) -> IntentId:
        return self.award.intent_id


class Executor:
    """Works through the solver's wallets, one a chain; several awards may be carried out at a time."""

    def __init__(
        self,
        network: Network,
        rpcs: Mapping[ChainId, Rpc],
        wallets: Mapping[ChainId, Wallet],
        receipt_seconds: float,
    ) -> None:
        self._network = network
        self._rpcs = rpcs
        self._wallets = wallets
        self._receipt_seconds = receipt_seconds

    async def step(self, job: Job) -> Step:
        """Do what is next for an award. Raises Unavailable while a chain does not answer, or refuses to."""
        try:
            return await self._do_next(job)
        except RpcError as refusal:  # such as of a block that a reorg took between two questions
            raise Unavailable("chain_unavailable", f"A node refuses: {refusal.message}.") from refusal

    async def _do_next(self, job: Job) -> Step:
        origin = self._network.get_chain(job.intent.origin_chain_id)
        destination = self._network.get_chain(job.intent.destination_chain_id)
        escrow, outcome = await asyncio.gather(
            settler.fetch_escrow(self._rpcs[origin.chain_id], origin.settler, job.intent_id),
            settler.fetch_outcome(self._rpcs[destination.chain_id], destination.settler, job.intent_id),
        )
        if escrow.status is EscrowStatus.NONE:
            return await self._open(job, origin)
        if escrow.status is not EscrowStatus.HELD or outcome.status is not OutcomeStatus.NONE:
            return Step.DONE
        if not await self._counts(job, origin):
            return Step.WAITING
        return await self._fill(job, origin, destination)

    async def _open(self, job: Job, origin: Chain) -> Step:
        if job.user_signature is None:
            return Step.WAITING  # its user opened it and a reorg took that: only he can do it again
        if await self._time(origin) > job.award.open_by:
            return Step.MISSED
        data = settler.open_for(job.intent, job.user_signature, job.award, job.award_signature)
        return await self._send(job, origin, data, 0, Step.OPENED)

    async def _counts(self, job: Job, origin: Chain) -> bool:
        """Whether the open is as deep in the origin as this chain asks for, by the word of most of its nodes."""

        async def is_held(door: Rpc) -> bool:
            escrow = await settler.fetch_escrow(door, origin.settler, job.intent_id, block=deep)
            return escrow.status is EscrowStatus.HELD

        node = self._rpcs[origin.chain_id]
        deep = await quorum.reach(node, functools.partial(_fetch_deep, fill_after=origin.fill_after))
        return deep >= 0 and await quorum.agree(node, is_held)

    async def _fill(self, job: Job, origin: Chain, destination: Chain) -> Step:
        if await self._time(destination) > min(job.award.fill_by, job.intent.fill_deadline):
            return Step.MISSED
        repay_to = job.award.solver
        said = mailbox.Outcome(mailbox.Kind.FILLED, job.intent_id, repay_to, repay_to, job.award.output_amount)
        fee = await mailbox.fetch_dispatch_fee(
            self._rpcs[destination.chain_id],
            destination.mailbox,
            origin.domain,
            mailbox.pad_address(origin.settler),
            mailbox.pack_outcome(said),
        )
        data = settler.fill(job.intent, job.award, job.award_signature, repay_to)
        return await self._send(job, destination, data, fee, Step.FILLED)

    async def _send(self, job: Job, chain: Chain, data: bytes, value_wei: int, done: Step) -> Step:
        wallet = self._wallets[chain.chain_id]
        wallet.forget_nonce()
        try:
            sent = await wallet.send(chain.settler, data, value_wei)
            receipt = await wallet.wait_receipt(sent, self._receipt_seconds)
        except (Reverted, RpcError) as refusal:
            log.warning("refused", intent_id=job.intent_id.hex(), step=done.value, error=refusal.detail)
            STEPS.labels(f"{done.value}_refused").inc()
            return Step.REFUSED
        except Unavailable as failure:
            if failure.code != "transaction_not_mined":
                raise
            log.warning("not_mined", intent_id=job.intent_id.hex(), step=done.value, detail=failure.detail)
            return Step.WAITING
        STEPS.labels(done.value).inc()
        log.info(done.value, intent_id=job.intent_id.hex(), chain_id=chain.chain_id, tx_hash=receipt.tx_hash.hex())
        return done

    async def _time(self, chain: Chain) -> int:
        head = await self._rpcs[chain.chain_id].header("latest")
        return 0 if head is None else head.timestamp


async def _fetch_deep(door: Rpc, fill_after: str) -> int:
    """The highest block of which a node says that it is deep enough; below 0 while there is none."""
    match fill_after:
        case "latest" | "safe" | "finalized" as tag:
            head, above = await door.header(tag), 0
        case confirmations:
            head, above = await door.header("latest"), int(confirmations) - 1
    return -1 if head is None else head.number - above
