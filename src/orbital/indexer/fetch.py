"""Reads blocks and their logs from a node so that they belong together.

Near the head each block's logs are asked by its hash, so a reorg between two requests can't mix histories. In catch-up
logs come by ranges: every log must carry the hash of a header that was fetched, and the last header is asked again
afterwards, so that a range whose history was replaced in between (and would look empty) is not taken. Whenever the
chain moved while it was read the answer is None: look at the heads again.

What a node refuses (`RpcError`) is an Unavailable here, but for a range that is too much for it: that one is halved.
"""

import asyncio
import itertools
from dataclasses import dataclass
from typing import Final

from orbital.chain.rpc import Header, Heads, Log, Rpc, RpcError
from orbital.domain.errors import Unavailable
from orbital.domain.types import BlockNumber, Hash32
from orbital.indexer.match import Sources

BY_HASH_MAX: Final = 4
"""Blocks whose logs are asked one by one by hash rather than as a range."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Linked headers in ascending order, never empty, and the logs of their contracts.

    `largest` is the number of blocks in the largest range that the node took at once.
    """

    headers: tuple[Header, ...]
    logs: tuple[Log, ...]
    largest: int


async def fetch_heads(rpc: Rpc) -> Heads:
    """What the node says of its heads now."""
    try:
        return await rpc.heads()
    except RpcError as refusal:
        raise _unavailable(refusal) from refusal


async def fetch_genesis(rpc: Rpc) -> Hash32:
    """Hash of the block that names the chain."""
    (genesis,) = await fetch_headers(rpc, range(1))
    if genesis is None:
        raise Unavailable("chain_unavailable", "The node does not know its first block.")
    return genesis.hash


async def fetch_headers(rpc: Rpc, numbers: range) -> list[Header | None]:
    """Headers at these heights, None where the node has none."""
    try:
        return await rpc.headers(numbers)
    except RpcError as refusal:
        raise _unavailable(refusal) from refusal


async def fetch_blocks(
    rpc: Rpc, first: BlockNumber, last: BlockNumber, head: Header, sources: Sources
) -> Fetched | None:
    """Blocks `first` to `last`, both included; `head` is known already. None if the chain moved meanwhile."""
    known = last == head.number
    fetched = await fetch_headers(rpc, range(first, last if known else last + 1))
    headers = [header for header in fetched if header is not None] + ([head] if known else [])
    if len(headers) != last - first + 1 or not _are_linked(headers):
        return None
    if len(headers) <= BY_HASH_MAX:
        logs, largest = await _logs_by_hash(rpc, headers, sources), len(headers)
    else:
        logs, largest = await _logs_by_range(rpc, headers, sources)
    return None if logs is None else Fetched(tuple(headers), tuple(logs), largest)


async def _logs_by_hash(rpc: Rpc, headers: list[Header], sources: Sources) -> list[Log] | None:
    try:
        found = await asyncio.gather(
            *(rpc.block_logs(header.hash, addresses=sources.addresses, topics=sources.topics) for header in headers)
        )
    except RpcError as refusal:
        (last,) = await fetch_headers(rpc, range(headers[-1].number, headers[-1].number + 1))
        if last is None or last.hash != headers[-1].hash:
            return None
        raise _unavailable(refusal) from refusal
    logs = [log for logs in found for log in logs]
    if not _are_of(logs, headers):
        return None
    # Of a block that it dropped, a node may answer an empty list.
    if all(found) or await _is_still_there(rpc, headers[-1]):
        return logs
    return None


async def _logs_by_range(rpc: Rpc, headers: list[Header], sources: Sources) -> tuple[list[Log] | None, int]:
    logs, largest = await _range(rpc, headers[0].number, headers[-1].number, sources)
    if not _are_of(logs, headers):
        return None, largest
    return (logs if await _is_still_there(rpc, headers[-1]) else None), largest


async def _range(rpc: Rpc, first: int, last: int, sources: Sources) -> tuple[list[Log], int]:
    """Logs of a range, and the most blocks that the node took at once."""
    try:
        return await rpc.logs(first, last, addresses=sources.addresses, topics=sources.topics), last - first + 1
    except RpcError as refusal:
        if first == last:
            raise _unavailable(refusal) from refusal
    middle = (first + last) // 2
    lower, taken = await _range(rpc, first, middle, sources)
    upper, taken_then = await _range(rpc, middle + 1, last, sources)
    return lower + upper, max(taken, taken_then)


async def _is_still_there(rpc: Rpc, header: Header) -> bool:
    (now,) = await fetch_headers(rpc, range(header.number, header.number + 1))
    return now is not None and now.hash == header.hash


def _are_linked(headers: list[Header]) -> bool:
    return all(
        child.parent_hash == parent.hash and child.number == parent.number + 1
        for parent, child in itertools.pairwise(headers)
    )


def _are_of(logs: list[Log], headers: list[Header]) -> bool:
    hashes = {header.hash for header in headers}
    return all(log.block_hash in hashes for log in logs)


def _unavailable(refusal: RpcError) -> Unavailable:
    return Unavailable("chain_unavailable", f"The node refuses: {refusal.message}.")
