"""Indexes a chain from what another database kept of it, without a node: as the backfill did, by the same writes.

The ledger is never emptied: the target is another database (or one that is behind). What is read must follow on what
the target has, and the genesis must be the same; a gap or another history is Corrupt. Where the kept blocks end, the
chain's indexer goes on. Deadlines that another chain set since are looked at in every run, so the order of chains is of
no matter once each was indexed after the last that had something new.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Final

from orbital.domain.errors import Conflict, Corrupt, Rejected
from orbital.domain.network import Network
from orbital.domain.types import BlockNumber, ChainId
from orbital.indexer import apply, doubt, loop, match, raw
from orbital.indexer.fetch import Fetched
from orbital.indexer.prepare import Prepared, prepare
from orbital.storage import chains, leases, pool
from orbital.storage import raw as raw_ranges

_LEASE_SECONDS: Final = 60.0
_STEP_LOGS: Final = 5_000
_STEP_BLOCKS: Final = 2_000


@dataclass(frozen=True, slots=True)
class Done:
    """What a run indexed, up to which block of the chain (None: nothing was kept)."""

    blocks: int
    logs: int
    seconds: float
    last: BlockNumber | None


async def reindex(source: pool.Pool, target: pool.Pool, network: Network, chain_id: ChainId) -> Done:
    """Index what `source` kept of a chain into `target`.

    Rejected `nothing_kept` when the source never followed the chain, Conflict `lease_held` while an indexer follows it
    into the target, Corrupt when the two databases don't follow the same chain.
    """
    async with pool.acquire(source) as connection:
        kept = await chains.find_checkpoint(connection, chain_id)
    if kept is None:
        raise Rejected("nothing_kept", f"That database never followed chain {chain_id}.")
    async with pool.acquire(target) as connection:
        lease = await leases.acquire(connection, loop.lease_name(chain_id), "reindex", _LEASE_SECONDS)
    if lease is None:
        raise Conflict("lease_held", f"An indexer follows chain {chain_id} into this database; stop it first.")
    try:
        checkpoint = await apply.bind(target, lease, chain_id, kept.genesis_hash, kept.start_block)
        return await _run(source, target, lease, network, checkpoint)
    finally:
        async with pool.acquire(target) as connection:
            await leases.release(connection, lease)


async def _run(
    source: pool.Pool, target: pool.Pool, lease: leases.Lease, network: Network, checkpoint: chains.Checkpoint
) -> Done:
    chain_id, sources = checkpoint.chain_id, match.sources_of(network, checkpoint.chain_id)
    blocks = logs = 0
    is_first = True
    started = time.monotonic()

    async def read(first: BlockNumber) -> Prepared | None:
        fetched = await _read(source, chain_id, first)
        if fetched is None:
            return None
        return await prepare(fetched, chain_id, sources, network.rules, as_first=is_first)

    ahead = asyncio.create_task(read(checkpoint.next_block))
    try:
        while (prepared := await ahead) is not None:
            tip = prepared.tip
            ahead = asyncio.create_task(read(BlockNumber(tip.number + 1)))
            if prepared.blocks[0].number != checkpoint.next_block or (
                checkpoint.hash is not None and prepared.parent != checkpoint.hash
            ):
                detail = (
                    f"The kept blocks don't go on at block {checkpoint.next_block} of chain {chain_id}. "
                    f"If a reorg took some since: orbital rewind --chain {chain_id} --to a block before it"
                )
                raise Corrupt("raw_range_torn", detail)
            _, is_first = await apply.apply_blocks(target, lease, chain_id, prepared, None, network.rules)
            await _renew(target, lease)
            checkpoint = chains.move(checkpoint, tip)
            blocks, logs = blocks + len(prepared.blocks), logs + prepared.logs
    finally:
        ahead.cancel()
    if checkpoint.timestamp is not None:
        while await apply.apply_deadlines(target, lease, chain_id, checkpoint.timestamp, network.rules):
            await _renew(target, lease)
    return Done(blocks, logs, time.monotonic() - started, checkpoint.number)


async def _renew(target: pool.Pool, lease: leases.Lease) -> None:
    async with pool.acquire(target) as connection:
        await leases.renew(connection, lease, _LEASE_SECONDS)


async def _read(source: pool.Pool, chain_id: ChainId, first: BlockNumber) -> Fetched | None:
    """Kept blocks from `first` on, as many as make a step; None where they end."""
    parts: list[Fetched] = []
    async with pool.snapshot(source) as connection:  # its indexer may go back meanwhile
        while sum(len(part.logs) for part in parts) < _STEP_LOGS:
            found = await raw_ranges.find_from(connection, chain_id, first)
            if found is None or (parts and found.first != first):
                break
            parts.append(_from(raw.unpack(found), first))
            first = BlockNumber(found.last + 1)
            if sum(len(part.headers) for part in parts) >= _STEP_BLOCKS:
                break
    if not parts:
        return None
    headers = tuple(header for part in parts for header in part.headers)
    if doubts := doubt.check_links(headers):
        detail = f"The kept block {doubts[0].block} of chain {chain_id} does not follow on the one before it."
        raise Corrupt("raw_range_torn", detail)
    return Fetched(headers, tuple(log for part in parts for log in part.logs), len(headers))


def _from(whole: Fetched, first: BlockNumber) -> Fetched:
    """A range without its blocks below `first`."""
    if whole.headers[0].number >= first:
        return whole
    headers = whole.headers[first - whole.headers[0].number :]
    return Fetched(headers, tuple(log for log in whole.logs if log.block_number >= first), len(headers))
