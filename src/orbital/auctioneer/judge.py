"""Whose fault a lapsed award was, as the chains tell it.

An award lapses in the first indexed block past its `open_by` (or, once the intent is open, past its `fill_by`). A fill
missed is the solver's. An open missed is the user's if at that very block the open could not have worked: nonce used,
balance or allowance below the input, signature no longer valid; else it is the solver's. The chain is asked outside of
any transaction; the verdict is recorded only if the lapse is still the same then, at the position of the block that
proved it, so that a reorg of that block takes the verdict along.

A node that does not keep the state of that block is asked for the latest instead, and the log says so.
"""

from dataclasses import dataclass

from orbital.auctioneer.rounds import Desk
from orbital.chain import accounts, settler, token
from orbital.chain.rpc import BlockRef, Rpc, RpcError
from orbital.domain import errors, evidence, facts
from orbital.domain.intent import Intent
from orbital.domain.network import Chain
from orbital.domain.types import Hash32, IntentId
from orbital.observe import logging, metrics
from orbital.storage import canonical, claims, intents, leases, ledger
from orbital.storage.pool import Connection, acquire, transaction

log = logging.get_logger("auctioneer")
LAPSES = metrics.counter("orbital_award_lapses_total", "Lapsed awards by whose fault it was.", ("fault",))


@dataclass(frozen=True, slots=True)
class Case:
    """A lapse without a verdict: the award, the deadline it missed, and what its open would have used."""

    intent_id: IntentId
    intent: Intent
    signature: bytes
    lapsed: evidence.AwardedRound
    missed: facts.Fact


async def load_cases(desk: Desk, intent_id: IntentId) -> list[Case]:
    """All lapses of an intent that wait for a verdict."""
    async with acquire(desk.pool) as connection:
        proven = await _load_evidence(connection, desk, intent_id)
        signature = await intents.find_signature(connection, intent_id)
    intent = proven.intent
    if intent is None:
        return []
    return [Case(intent_id, intent, signature or b"", lapsed, missed) for lapsed, missed in proven.unjudged]


async def judge(desk: Desk, case: Case, node: Rpc) -> facts.Fault:
    """The verdict from the origin's node. Raises Unavailable when it can't say."""
    if _which(case.missed) is facts.Deadline.FILL_BY:
        return facts.Fault.SOLVER
    chain = desk.network.get_chain(case.intent.origin_chain_id)
    block = None if case.missed.position is None else case.missed.position.block_hash
    try:
        could_open = await _could_open(node, chain, case, block or "latest")
    except RpcError as refusal:
        log.warning(
            "old_state_unavailable", intent_id=case.intent_id.hex(), said=refusal.message, asked_instead="latest"
        )
        could_open = await _could_open_now(node, chain, case)
    return facts.Fault.SOLVER if could_open else facts.Fault.USER


async def record(desk: Desk, case: Case, fault: facts.Fault) -> bool:
    """Write the verdict; False if the lapse is not there any more as it was judged."""
    async with transaction(desk.pool) as connection:
        await leases.hold(connection, desk.lease)
        await claims.lock_intents(connection, [case.intent_id])
        proven = await _load_evidence(connection, desk, case.intent_id)
        if (case.lapsed, case.missed) not in proven.unjudged:
            return False
        event = facts.AwardLapsed(case.lapsed.round, case.lapsed.award.solver, fault)
        lapse = facts.Fact(case.intent_id, event, case.missed.position, case.missed.timestamp)
        await ledger.record(connection, [lapse], desk.network.rules)
    LAPSES.labels(fault).inc()
    log.info("award_lapsed", intent_id=case.intent_id.hex(), round=event.round, solver=event.solver.hex(), fault=fault)
    return True


async def _load_evidence(connection: Connection, desk: Desk, intent_id: IntentId) -> evidence.Evidence:
    told = await canonical.load(connection, [intent_id])
    return evidence.gather(intent_id, told[intent_id], desk.network.rules)


async def _could_open(node: Rpc, chain: Chain, case: Case, block: BlockRef) -> bool:
    intent = case.intent
    if await settler.fetch_nonce_used(node, chain.settler, intent.user, intent.nonce, block=block):
        return False
    holding = await token.fetch_holding(node, intent.input_token, intent.user, chain.settler, block=block)
    if min(holding.balance, holding.allowance) < intent.input_amount:
        return False
    try:
        await accounts.verify_signature(node, intent.user, Hash32(case.intent_id), case.signature, block=block)
    except errors.Rejected:
        return False
    return True


async def _could_open_now(node: Rpc, chain: Chain, case: Case) -> bool:
    """On the latest state. A contract that refuses to answer would have refused the open too."""
    try:
        return await _could_open(node, chain, case, "latest")
    except RpcError as refusal:
        if refusal.is_of_node:
            raise errors.Unavailable("chain_unavailable", f"The node can't say: {refusal.message}") from refusal
        return False


def _which(missed: facts.Fact) -> facts.Deadline | None:
    return missed.event.which if isinstance(missed.event, facts.DeadlinePassed) else None
