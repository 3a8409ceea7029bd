"""A range of blocks and logs as one compressed blob, and back: the raw cache of what nodes said.

Kept are what indexing reads: of a block hash and time (numbers and parents follow), of a log everything but its block's
hash. The blob is MessagePack in zstd; `unpack` gives linked headers, without blooms and base fees.
"""

import itertools
from typing import Final

import msgspec
import zstandard

from orbital.chain.rpc import Header, Log
from orbital.domain.errors import Corrupt
from orbital.domain.types import Address, BlockNumber, Hash32, UnixSeconds
from orbital.indexer.fetch import Fetched
from orbital.storage.raw import Range

_LEVEL: Final = 1
_MAX_BYTES: Final = 1 << 30


class _Log(msgspec.Struct, array_like=True, gc=False):
    block: int  # counted from the range's first
    log_index: int
    tx_hash: bytes
    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


class _Content(msgspec.Struct, array_like=True):
    parent: bytes
    hashes: list[bytes]
    times: list[int]
    logs: list[_Log]


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Content)


def pack(fetched: Fetched) -> Range:
    headers = fetched.headers
    first = headers[0].number
    content = _Content(
        headers[0].parent_hash,
        [header.hash for header in headers],
        [header.timestamp for header in headers],
        [_Log(x.block_number - first, x.log_index, x.tx_hash, x.address, x.topics, x.data) for x in fetched.logs],
    )
    blob = zstandard.ZstdCompressor(level=_LEVEL).compress(_ENCODER.encode(content))
    return Range(first, headers[-1].number, blob)


def unpack(one: Range) -> Fetched:
    """What was packed; Corrupt when the blob is not what it says."""
    try:
        packed = zstandard.ZstdDecompressor().decompress(one.blob, max_output_size=_MAX_BYTES)
        content = _DECODER.decode(packed)
    except (zstandard.ZstdError, msgspec.MsgspecError) as failure:
        raise Corrupt("raw_range_torn", f"The kept blocks from {one.first} on can't be read: {failure}.") from failure
    count = one.last - one.first + 1
    if len(content.hashes) < count:
        raise Corrupt("raw_range_torn", f"The kept blocks from {one.first} to {one.last} are {len(content.hashes)}.")
    parents = itertools.chain([content.parent], content.hashes)
    headers = tuple(
        Header(BlockNumber(number), Hash32(hash_), Hash32(parent), UnixSeconds(time), b"")
        for number, hash_, parent, time in zip(
            range(one.first, one.last + 1), content.hashes, parents, content.times, strict=False
        )
    )
    return Fetched(headers, tuple(_log_of(log, headers) for log in content.logs if log.block < count), count)


def _log_of(log: _Log, headers: tuple[Header, ...]) -> Log:
    block = headers[log.block]
    topics = tuple(Hash32(topic) for topic in log.topics)
    return Log(Address(log.address), topics, log.data, block.number, block.hash, Hash32(log.tx_hash), log.log_index)
