"""An operator's way out of a stopped chain: give up what was final, and let the indexer read the chain anew.

The chain's lease is seized first, so a running indexer can write nothing from then on: its next write fails, it waits
for the lease like anybody, and starts from the checkpoint that it finds. Going back takes steps of one transaction
each; after each of them ledger, projections and checkpoint fit together, so a rewind that was killed half-way has gone
half the way, and the indexer follows from there once the lease has run out. Facts are not deleted: they fall with
their blocks, which is announced, and count again should the chain have the same blocks after all. Awards that were
concluded by them are not concluded any more, and the scores made of those are counted anew.
"""

import os
from dataclasses import dataclass
from typing import Final

from orbital.domain import evidence
from orbital.domain.errors import NotFound, Rejected
from orbital.domain.types import BlockNumber, ChainId
from orbital.storage import chains, conclusions, leases, pool, scores
from orbital.storage.pool import Connection

_LEASE_SECONDS: Final = 60.0
_FACTS_A_STEP: Final = 2000


@dataclass(frozen=True, slots=True)
class Rewound:
    """From which block to which (None: nothing is indexed any more), and how many facts do not count any more."""

    start: BlockNumber
    end: BlockNumber | None
    facts: int


async def rewind(
    database: pool.Pool,
    chain_id: ChainId,
    to: BlockNumber | None,
    rules: evidence.Rules,
    facts_a_step: int = _FACTS_A_STEP,
) -> Rewound:
    """Go back to block `to`, which stays; None takes everything back.

    NotFound for a chain that was never indexed; Rejected when `to` is above the checkpoint or before the start.
    """
    async with pool.acquire(database) as connection:
        await _check(connection, chain_id, to)
        holder = f"rewind-{os.getpid()}"
        lease = await leases.seize(connection, f"{chains.LEASE_PREFIX}{chain_id}", holder, _LEASE_SECONDS)
    try:
        start, facts = await _go_back(database, lease, chain_id, to, rules, facts_a_step)
        async with pool.acquire(database) as connection:
            left = await chains.find_checkpoint(connection, chain_id)
    finally:
        async with pool.acquire(database) as connection:
            await leases.release(connection, lease)
    return Rewound(start, left.number if left is not None else None, facts)


async def _go_back(
    database: pool.Pool,
    lease: leases.Lease,
    chain_id: ChainId,
    to: BlockNumber | None,
    rules: evidence.Rules,
    facts_a_step: int,
) -> tuple[BlockNumber, int]:
    """Where it began, with the chain held still, and the number of facts that fell."""
    way: tuple[BlockNumber, BlockNumber] | None = None
    fallen = 0
    while True:
        async with pool.transaction(database) as connection:
            await leases.renew(connection, lease, _LEASE_SECONDS)
            began, end = way = way or await _check(connection, chain_id, to)
            step = await chains.find_step(connection, chain_id, end, facts_a_step)
            await conclusions.hold(connection)
            await chains.forget_finality(connection, chain_id, step)
            await conclusions.forget_above(connection, chain_id, step)
            await scores.want_above(connection, chain_id, step)
            fallen += await chains.rollback(connection, chain_id, step, rules)
        if step == end:
            return began, fallen


async def _check(connection: Connection, chain_id: ChainId, to: BlockNumber | None) -> tuple[BlockNumber, BlockNumber]:
    """The last indexed block, and the block to go back to, if there is a way."""
    checkpoint = await chains.find_checkpoint(connection, chain_id)
    if checkpoint is None or checkpoint.number is None:
        raise NotFound("nothing_indexed", f"Nothing is indexed of chain {chain_id}.")
    if to is None:
        return checkpoint.number, BlockNumber(checkpoint.start_block - 1)
    if to > checkpoint.number:
        raise Rejected("above_checkpoint", f"Block {to} is above {checkpoint.number}, the last that is indexed.")
    if to < checkpoint.start_block:
        detail = f"Block {to} is before {checkpoint.start_block}, the chain's first: to give up everything say --all."
        raise Rejected("below_start", detail)
    return checkpoint.number, to
