"""Reads blocks and their logs so that they belong together.

Everything of one look is read from one node, as long as that answers. Near the head each block's logs are asked by its
hash, so a reorg between two requests can't mix histories. In catch-up logs come by ranges: every log must carry the
hash of a header that was fetched, and the last header is asked again afterwards, so that a range whose history was
replaced in between (and would look empty) is not taken.

Whatever does not fit is counted. After a contradiction the answer is None: look at the heads again, which asks another
node if there is one; a chain that moved while it was read looks the same. A suspicion is settled by a second answer,
from another node if there is one: when it agrees the blocks are taken, so that a bloom's accident stops no chain.

A range that is too much for a node is split at once as it asks, otherwise halved; so is one that is refused in words
that nobody knows. Anything else that a node refuses (`RpcError`) is an Unavailable here.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orbital.chain.refusals import Limit
from orbital.chain.rpc import Header, Heads, Log, RangeRefused, Rpc, RpcError
from orbital.domain.errors import Unavailable
from orbital.domain.types import BlockNumber, Hash32
from orbital.indexer import doubt, figures
from orbital.indexer.match import Sources

BY_HASH_MAX: Final = 4
"""Blocks whose logs are asked one by one by hash rather than as a range."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """Linked headers in ascending order, never empty, and the logs of their contracts.

    `largest` is the number of blocks in the largest range that the node took at once, `node` names who was asked.
    """

    headers: tuple[Header, ...]
    logs: tuple[Log, ...]
    largest: int
    node: str | None = None


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
    """Blocks `first` to `last`, both included; `head` is known already. None if they don't fit together."""
    door = rpc.steady()
    known = [head] if last == head.number else []
    found = await fetch_headers(door, range(first, last + 1 - len(known)))
    doubts = [
        one for number, header in enumerate(found, first) for one in doubt.check_header(header, BlockNumber(number))
    ]
    headers = [header for header in found if header is not None] + known
    doubts += doubt.check_seals(headers, rpc.form)
    if _is_wrong(door, doubts or doubt.check_links(headers)):
        return None
    if len(headers) <= BY_HASH_MAX:
        logs, largest = await _logs_by_hash(door, headers, sources), len(headers)
    else:
        logs, largest = await _logs_by_range(door, headers, sources)
    if logs is None:
        return None
    doubts = await _check(headers, logs, sources)
    if _is_wrong(door, doubts):
        return None
    if doubts and not await _is_confirmed(door, headers, logs, doubts, sources):
        door.blame()
        return None
    return Fetched(tuple(headers), tuple(logs), largest, door.answered_by)


def count_doubts(rpc: Rpc, doubts: Iterable[doubt.Kind]) -> None:
    """Count what does not fit in a node's answers."""
    for kind in doubts:
        figures.DOUBTS.labels(str(rpc.expected_chain_id), kind).inc()


def _is_wrong(door: Rpc, doubts: Sequence[doubt.Doubt]) -> bool:
    """Count the doubts; whether one is a contradiction, which is then the node's fault."""
    count_doubts(door, (one.kind for one in doubts))
    if not any(one.is_contradiction for one in doubts):
        return False
    door.blame()
    return True


async def _check(headers: list[Header], logs: list[Log], sources: Sources) -> list[doubt.Doubt]:
    """What in the logs does not fit, found without holding others up."""
    doubts = []
    for found in doubt.check_logs(headers, logs, doubt.Asked(sources.addresses, sources.topics)):
        doubts += found
        await asyncio.sleep(0)
    return doubts


async def _logs_by_hash(door: Rpc, headers: list[Header], sources: Sources) -> list[Log] | None:
    try:
        found = await _ask_by_hash(door, headers, sources)
    except RpcError as refusal:
        door.blame()
        if not await _is_still_there(door, headers[-1]):
            return None
        raise _unavailable(refusal) from refusal
    # Of a block that it dropped, a node may answer an empty list.
    if all(found) or await _is_still_there(door, headers[-1]):
        return [log for logs in found for log in logs]
    return None


async def _ask_by_hash(door: Rpc, headers: list[Header], sources: Sources) -> list[list[Log]]:
    return await asyncio.gather(
        *(door.block_logs(header.hash, addresses=sources.addresses, topics=sources.topics) for header in headers)
    )


async def _logs_by_range(door: Rpc, headers: list[Header], sources: Sources) -> tuple[list[Log] | None, int]:
    logs, largest = await _range(door, headers[0].number, headers[-1].number, sources)
    return (logs if await _is_still_there(door, headers[-1]) else None), largest


async def _range(rpc: Rpc, first: int, last: int, sources: Sources) -> tuple[list[Log], int]:
    """Logs of a range, and the most blocks that the node took at once."""
    try:
        return await rpc.logs(first, last, addresses=sources.addresses, topics=sources.topics), last - first + 1
    except RpcError as refusal:
        if first == last:
            raise _unavailable(refusal) from refusal
        _count_refused(rpc, refusal)
        blocks = _fewer(refusal, first, last)
    logs, largest = [], 0
    for start in range(first, last + 1, blocks):
        some, taken = await _range(rpc, start, min(last, start + blocks - 1), sources)
        logs += some
        largest = max(largest, taken)
    return logs, largest


def _count_refused(rpc: Rpc, refusal: RpcError) -> None:
    kind = refusal.limit if isinstance(refusal, RangeRefused) else Limit.OTHER
    figures.RANGES_REFUSED.labels(str(rpc.expected_chain_id), rpc.answered_by or "", kind).inc()


def _fewer(refusal: RpcError, first: int, last: int) -> int:
    """How many blocks to ask for instead: as many as the node would take if it says so, else half."""
    if isinstance(refusal, RangeRefused):
        suggested = refusal.suggested
        if suggested is not None and suggested.start == first and len(suggested) <= last - first:
            return len(suggested)
        if refusal.max_blocks is not None and refusal.max_blocks <= last - first:
            return refusal.max_blocks
    return (last - first + 2) // 2


async def _is_confirmed(
    door: Rpc, headers: list[Header], logs: list[Log], doubts: Sequence[doubt.Doubt], sources: Sources
) -> bool:
    """Whether a second answer has the same logs in the suspicious blocks.

    A node that does not know them, or refuses, is no second opinion: then the first one is asked again.
    """
    heights = {one.block for one in doubts}
    suspicious = [header for header in headers if header.number in heights]
    hashes = {header.hash for header in suspicious}
    said = {(log.block_hash, log.log_index): log for log in logs if log.block_hash in hashes}
    for other in (door.elsewhere(), door):
        try:
            if await other.header(suspicious[-1].hash) is None:
                continue
            told = await _ask_again(other, suspicious, sources)
        except RpcError:
            continue
        return {(log.block_hash, log.log_index): log for log in told if log.block_hash in hashes} == said
    return False


async def _ask_again(other: Rpc, suspicious: list[Header], sources: Sources) -> list[Log]:
    if len(suspicious) <= BY_HASH_MAX:
        return [log for logs in await _ask_by_hash(other, suspicious, sources) for log in logs]
    logs, _ = await _range(other, suspicious[0].number, suspicious[-1].number, sources)
    return logs


async def _is_still_there(door: Rpc, header: Header) -> bool:
    (now,) = await fetch_headers(door, range(header.number, header.number + 1))
    return now is not None and now.hash == header.hash


def _unavailable(refusal: RpcError) -> Unavailable:
    return Unavailable("chain_unavailable", f"The node refuses: {refusal.message}.")
