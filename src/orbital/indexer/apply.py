"""Writes one step of a chain: whatever it changes is one transaction of the lease's holder.

Blocks, facts, projections, deadlines, announcements, raw cache, checkpoint and heads commit together or not at all; a
worker that lost its lease fails at the first statement. So no kill, restart or second worker writes a block twice or
half.
"""

from typing import Final, NamedTuple

from orbital.domain import evidence
from orbital.domain.types import BlockNumber, ChainId, Hash32
from orbital.indexer.prepare import Prepared
from orbital.storage import batches, chains, claims, deadlines, leases, ledger, pool, projection, raw
from orbital.storage.pool import Connection

_NO_BLOCKS: Final = chains.Put(frozenset(), ())


class Applied(NamedTuple):
    """How many facts the ledger did not have, and whether most of the batch's intents were new to it as well."""

    facts: int
    is_first: bool = True


async def bind(
    database: pool.Pool, lease: leases.Lease, chain_id: ChainId, genesis_hash: Hash32, start_block: BlockNumber
) -> chains.Checkpoint:
    """The chain's checkpoint; Corrupt when the database followed another chain by this id."""
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        return await chains.bind(connection, chain_id, genesis_hash, start_block)


async def apply_blocks(
    database: pool.Pool,
    lease: leases.Lease,
    chain_id: ChainId,
    prepared: Prepared,
    heads: chains.Heads | None,
    rules: evidence.Rules,
    blocks_per_second: float | None = None,
) -> Applied:
    """Put blocks with their facts on top of the checkpoint. `heads` is None when no node was asked."""
    tip = prepared.tip
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        put = await chains.put_blocks(connection, chain_id, prepared.blocks)
        applied = await _record(connection, chain_id, prepared.batch, tip.timestamp, rules, put)
        await raw.put(connection, chain_id, prepared.packed)
        await chains.go_on(connection, chain_id, prepared.blocks)
        if heads is not None:
            await chains.put_heads(connection, chain_id, heads, blocks_per_second)
    return applied


async def apply_heads(database: pool.Pool, lease: leases.Lease, chain_id: ChainId, heads: chains.Heads) -> None:
    """Store moved heads without a new block."""
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        await chains.put_heads(connection, chain_id, heads)


async def apply_deadlines(
    database: pool.Pool, lease: leases.Lease, chain_id: ChainId, head_time: int, rules: evidence.Rules
) -> int:
    """Record deadlines that indexed blocks prove already, set by what came from elsewhere since; returns how many."""
    async with pool.acquire(database) as connection:
        if not await deadlines.due(connection, chain_id, head_time, limit=1):
            return 0
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        return (await _record(connection, chain_id, batches.Batch(()), head_time, rules)).facts


async def apply_rollback(
    database: pool.Pool, lease: leases.Lease, chain_id: ChainId, to: BlockNumber, rules: evidence.Rules
) -> tuple[int, chains.Checkpoint | None]:
    """Orphan every block above `to`; returns the number of facts that fell, and the checkpoint as it is now."""
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        fallen = await chains.rollback(connection, chain_id, to, rules)
        return fallen, await chains.find_checkpoint(connection, chain_id)


async def apply_verified(
    database: pool.Pool, lease: leases.Lease, chain_id: ChainId, number: BlockNumber, hash_: Hash32
) -> bool:
    """Everything up to this block was compared once more; False when a reorg took the block meanwhile."""
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        return await chains.put_verified(connection, chain_id, number, hash_)


async def put_dispute(
    database: pool.Pool, lease: leases.Lease, chain_id: ChainId, dispute: chains.Dispute | None
) -> None:
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        await chains.put_dispute(connection, chain_id, dispute)


async def put_status(
    database: pool.Pool, lease: leases.Lease, chain_id: ChainId, status: str, detail: str | None
) -> None:
    async with pool.transaction(database) as connection:
        await leases.hold(connection, lease)
        await chains.put_status(connection, chain_id, status, detail)


async def _record(
    connection: Connection,
    chain_id: ChainId,
    batch: batches.Batch,
    head_time: int,
    rules: evidence.Rules,
    put: chains.Put = _NO_BLOCKS,
) -> Applied:
    """Revive what came back, write the batch, then the deadlines that the blocks up to `head_time` prove.

    Whatever is touched is locked at once and in the global order: locking more later could deadlock with the worker of
    another chain. So a deadline set by somebody else in between waits for the next step; its fact is the same then.
    """
    due = await deadlines.due(connection, chain_id, head_time)
    if not batch.facts and not due and not put.back:
        return Applied(0)
    others = [*(entry.fact for entry in put.back), *(one.fact for one in due)]
    held = await claims.lock_affected(connection, batch, rules, put.new, others)
    if put.back:
        await projection.hold_solvers(connection, [*(entry.fact for entry in put.back), *batch.facts])
    await chains.revive(connection, put.back, rules)
    count = len(await ledger.write(connection, batch, rules, held, put.new)) if batch.facts else 0
    # Those that were due, and those that these facts set and these blocks pass.
    while due := [one for one in await deadlines.due(connection, chain_id, head_time) if one.intent_id in held.intents]:
        count += len(await ledger.note(connection, [one for one in due if one.is_moot], put.new))
        passed = batches.gather([one.fact for one in due if not one.is_moot])
        if not passed.facts:
            continue
        again = claims.Held(frozenset(passed.told))
        count += len(await ledger.write(connection, passed, rules, again, put.new))
    return Applied(count, is_first=2 * len(held.states) >= len(batch.told))
