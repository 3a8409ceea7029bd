"""Reorgs: find the last block that two histories share, and roll back to it.

Above what is final a reorg heals by itself; below it nothing is changed and Corrupt tells the operator what to do,
because somebody may have relied on what would fall. Final is what was verified, and what the chain called finalized
while it was followed. What catching up read, final long since, may be read anew until it is verified.
"""

from typing import Final

from orbital.domain.errors import Corrupt
from orbital.domain.types import BlockNumber
from orbital.indexer import apply, fetch, figures
from orbital.indexer.subject import Subject
from orbital.observe import logging
from orbital.storage import chains, leases, pool

_ANCESTOR_BATCH: Final = 32


async def heal(subject: Subject, lease: leases.Lease, checkpoint: chains.Checkpoint) -> chains.Checkpoint:
    """Roll back to the last block that the node shares with us; the very same checkpoint if that is the checkpoint."""
    ancestor = await find_ancestor(subject, checkpoint)
    if ancestor == checkpoint.number:
        return checkpoint  # the node came back to our history meanwhile
    final = _final_in(await _load(subject))
    if final is not None and ancestor < final:
        raise _below_final(subject, ancestor, final)
    return await _roll_back(subject, lease, checkpoint, ancestor)


async def read_anew(
    subject: Subject, lease: leases.Lease, checkpoint: chains.Checkpoint, doubted: BlockNumber
) -> chains.Checkpoint:
    """Give up what is stored from a doubted block on, which is not verified; returns the checkpoint before it."""
    stored = await _load(subject)
    if stored.verified is not None and doubted <= stored.verified:
        raise _below_final(subject, BlockNumber(doubted - 1), stored.verified)
    return await _roll_back(subject, lease, checkpoint, BlockNumber(doubted - 1))


async def find_ancestor(subject: Subject, checkpoint: chains.Checkpoint) -> BlockNumber:
    """The highest indexed block that the node has as well; the one before the start if there is none."""
    top = checkpoint.number if checkpoint.number is not None else checkpoint.start_block - 1
    while top >= checkpoint.start_block:
        first = max(checkpoint.start_block, top - _ANCESTOR_BATCH + 1)
        headers = await fetch.fetch_headers(subject.rpc, range(first, top + 1))
        async with pool.acquire(subject.database) as connection:
            ours = await chains.list_block_hashes(connection, subject.chain_id, BlockNumber(first), BlockNumber(top))
        shared = [one.number for one in headers if one is not None and ours.get(one.number) == one.hash]
        if shared:
            return max(shared)
        top = first - 1
    return BlockNumber(checkpoint.start_block - 1)


async def is_indexed(subject: Subject, number: BlockNumber, hash_: bytes) -> bool:
    """Whether a block is one of ours, or lies before all of them."""
    async with pool.acquire(subject.database) as connection:
        found = await chains.list_block_hashes(connection, subject.chain_id, number, number)
    return found.get(number) in {hash_, None}


async def _load(subject: Subject) -> chains.Checkpoint:
    async with pool.acquire(subject.database) as connection:
        stored = await chains.find_checkpoint(connection, subject.chain_id)
    return _there(subject, stored)


def _final_in(stored: chains.Checkpoint) -> BlockNumber | None:
    called = stored.heads.finalized if stored.heads is not None else None
    if called is None or stored.number is None or called >= stored.number:
        return stored.verified
    return called if stored.verified is None else max(called, stored.verified)


async def _roll_back(
    subject: Subject, lease: leases.Lease, checkpoint: chains.Checkpoint, to: BlockNumber
) -> chains.Checkpoint:
    fallen, now = await apply.apply_rollback(subject.database, lease, subject.chain_id, to, subject.rules)
    depth = (checkpoint.number or to) - to
    log = logging.get_logger("indexer").bind(chain_id=subject.chain_id)
    log.warning("reorg", ancestor=to, depth=depth, fallen_facts=fallen)
    figures.REORGS.labels(subject.label).inc()
    return _there(subject, now)


def _there(subject: Subject, checkpoint: chains.Checkpoint | None) -> chains.Checkpoint:
    if checkpoint is None:
        raise Corrupt("checkpoint_lost", f"The checkpoint of chain {subject.chain_id} is gone.")
    return checkpoint


def _below_final(subject: Subject, ancestor: BlockNumber, final: BlockNumber) -> Corrupt:
    where = f"--to {ancestor}" if ancestor >= subject.start_block else "--all"
    return Corrupt(
        "reorg_below_finalized",
        f"The node's history differs from block {ancestor + 1} on, but {final} was final. "
        f"If the node is right: orbital rewind --chain {subject.chain_id} {where}",
    )
