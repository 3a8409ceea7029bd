"""What in a node's answer does not fit together, as values with a stable word for each kind.

Pure: it compares what one node said with what was asked and with itself. Most kinds are contradictions, so the answer
is wrong. Some are suspicions, which a second answer settles: `BLOOM_WITHOUT_LOG`, since the bits of an address and a
topic that are watched can be those of others, and `EMPTY_BLOOM`, since some EVM chains leave their blooms empty. On
such a chain every block with logs is asked twice, and it takes another node to see that logs are left out.
"""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.chain import blooms, seals
from orbital.chain.blocks import Header, Log
from orbital.domain.types import Address, BlockNumber, Hash32


class Kind(StrEnum):
    """The word is the metric's label."""

    MISSING_HEADER = "missing_header"
    WRONG_NUMBER = "wrong_number"
    WRONG_HASH = "wrong_hash"
    BROKEN_SEAL = "broken_seal"
    UNLINKED = "unlinked"
    FOREIGN_LOG = "foreign_log"
    UNASKED_LOG = "unasked_log"
    DUPLICATE_INDEX = "duplicate_index"
    INDEX_GAP = "index_gap"
    LOG_OUTSIDE_BLOOM = "log_outside_bloom"
    BLOOM_WITHOUT_LOG = "bloom_without_log"
    EMPTY_BLOOM = "empty_bloom"
    HEAD_WENT_BACK = "head_went_back"


_AT_ONCE: Final = 64
"""Logs that are looked at without a break: a fraction of a millisecond."""

_SUSPICIONS: Final = frozenset({Kind.BLOOM_WITHOUT_LOG, Kind.EMPTY_BLOOM, Kind.HEAD_WENT_BACK})


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that does not fit, at a height."""

    kind: Kind
    block: BlockNumber
    detail: str

    @property
    def is_contradiction(self) -> bool:
        """Whether the answer is certainly wrong, rather than suspect."""
        return self.kind not in _SUSPICIONS


class Asked:
    """Addresses and topics (of position 0) that logs were asked by, with their bits; empty means any."""

    __slots__ = ("_address_masks", "_topic_masks", "addresses", "topics")

    def __init__(self, addresses: Collection[Address], topics: Collection[Hash32]) -> None:
        self.addresses = frozenset(addresses)
        self.topics = frozenset(topics)
        self._address_masks = tuple(blooms.mask_of(address) for address in self.addresses)
        self._topic_masks = tuple(blooms.mask_of(topic) for topic in self.topics)

    def may_be_in(self, bloom: bytes) -> bool:
        """Whether a block with this bloom may hold a watched log."""
        return blooms.may_hold_any(bloom, self._address_masks) and blooms.may_hold_any(bloom, self._topic_masks)

    def asks_for(self, log: Log) -> bool:
        """Whether this log answers the question."""
        if self.addresses and log.address not in self.addresses:
            return False
        return not self.topics or (bool(log.topics) and log.topics[0] in self.topics)


def check_header(header: Header | None, number: BlockNumber, block_hash: Hash32 | None = None) -> list[Doubt]:
    """Compare a header with the height, and the hash when there is one, that it was asked by."""
    if header is None:
        return [Doubt(Kind.MISSING_HEADER, number, "The node does not have the block.")]
    if header.number != number:
        return [Doubt(Kind.WRONG_NUMBER, number, f"The node gives block {header.number}.")]
    if block_hash is not None and header.hash != block_hash:
        return [Doubt(Kind.WRONG_HASH, number, f"The node gives hash 0x{header.hash.hex()}.")]
    return []


def check_seals(headers: Sequence[Header], form: seals.Form) -> list[Doubt]:
    """The hash of every header is that of its fields, as far as that can be known."""
    return [
        Doubt(Kind.BROKEN_SEAL, header.number, f"Its fields have another hash than 0x{header.hash.hex()}.")
        for header in form.find_broken(headers)
    ]


def check_links(headers: Sequence[Header]) -> list[Doubt]:
    """Every header in ascending order is the child of the one before it."""
    return [
        Doubt(Kind.UNLINKED, child.number, f"Its parent is not the block that was given as {parent.number}.")
        for parent, child in itertools.pairwise(headers)
        if child.parent_hash != parent.hash or child.number != parent.number + 1
    ]


def check_logs(headers: Sequence[Header], logs: Sequence[Log], asked: Asked) -> Iterator[list[Doubt]]:
    """Compare logs with the headers of all blocks that they were asked of.

    Without any filter the log indexes of a block are known to be 0, 1, 2, ... so that a gap is seen; with one it can't
    be known which indexes belong to others.

    Comes in pieces, so that others get their turn in between.
    """
    blocks = {header.hash: (header, int.from_bytes(header.logs_bloom)) for header in headers}
    masks: dict[bytes, int] = {}
    for first in range(0, len(logs), _AT_ONCE):
        yield list(_check_each(blocks, logs[first : first + _AT_ONCE], asked, masks))
    spoken = {log.block_hash for log in logs}
    yield [
        Doubt(Kind.EMPTY_BLOOM, header.number, "The block has logs, and its bloom is empty.")
        for header, bloom in blocks.values()
        if not bloom and header.hash in spoken
    ]
    counts = Counter([(log.block_hash, log.block_number, log.log_index) for log in logs])
    yield [
        Doubt(Kind.DUPLICATE_INDEX, number, f"Log {index} comes {count} times.")
        for (_, number, index), count in counts.items()
        if count > 1
    ]
    if not asked.addresses and not asked.topics:
        yield list(_check_gaps(headers, logs))
    yield [
        Doubt(Kind.BLOOM_WITHOUT_LOG, header.number, "The bloom has what is watched, but no log came.")
        for header in headers
        if header.hash not in spoken and asked.may_be_in(header.logs_bloom)
    ]


def _check_each(
    blocks: Mapping[Hash32, tuple[Header, int]], logs: Sequence[Log], asked: Asked, masks: dict[bytes, int]
) -> Iterator[Doubt]:
    """`blocks` has headers with their blooms, `masks` keeps the bits of what was looked at."""
    for log in logs:
        header, bloom = blocks.get(log.block_hash, (None, 0))
        if header is None:
            detail = f"Log {log.log_index} is of a block that was not asked, 0x{log.block_hash.hex()}."
            yield Doubt(Kind.FOREIGN_LOG, log.block_number, detail)
            continue
        if header.number != log.block_number:
            yield Doubt(Kind.WRONG_NUMBER, header.number, f"Log {log.log_index} says block {log.block_number}.")
        if not asked.asks_for(log):
            yield Doubt(Kind.UNASKED_LOG, header.number, f"Log {log.log_index} was not asked for.")
        for item in (log.address, *log.topics) if bloom else ():
            mask = masks.get(item)
            if mask is None:
                mask = masks[item] = blooms.mask_of(item)
            if bloom & mask != mask:
                yield Doubt(Kind.LOG_OUTSIDE_BLOOM, header.number, f"Log {log.log_index} is not in the block's bloom.")
                break


def _check_gaps(headers: Sequence[Header], logs: Sequence[Log]) -> Iterator[Doubt]:
    seen: dict[Hash32, set[int]] = {}
    for log in logs:
        seen.setdefault(log.block_hash, set()).add(log.log_index)
    for header in headers:
        indexes = seen.get(header.hash, set())
        missing = set(range(max(indexes, default=-1) + 1)) - indexes
        if missing:
            yield Doubt(Kind.INDEX_GAP, header.number, f"Log {min(missing)} is missing.")
