"""Event data taken apart: a signature is compiled once into `struct` layouts and bit masks, logs are read by them.

Reading is strict: the number of topics, the length, the bits that a type leaves unused, the padding, and the offsets,
which must be those of the one canonical encoding that compilers emit. What does not fit raises MalformedLog; nothing is
read beyond the data, and nothing is allocated by a length that the data does not have.

A signature is the types in order, without names: `bytes32*,address*,(uint256,bytes),uint256[]`; `*` marks the indexed
ones, which must be single words. Unsigned numbers of up to 64 bits come as int, `bool` as bool, addresses as 20 bytes,
everything else of one word (`bytes32`, larger numbers) as its 32 bytes. A tuple of words alone is flattened into its
surroundings; a tuple with dynamic parts and an array come as tuples, `bytes` as bytes.
"""

import collections.abc
import dataclasses
import re
import struct
import typing

from orbital.chain.adapters.malformed import MalformedLog
from orbital.chain.blocks import Log

Values = tuple[typing.Any, ...]
Read = collections.abc.Callable[[Log], Values]
_ReadTail = collections.abc.Callable[[bytes, int], tuple[typing.Any, int]]

WORD_BYTES: typing.Final = 32

_WORD: typing.Final = 2**256 - 1
_TYPE: typing.Final = re.compile(r"(address|bytes32|bool|uint(\d+)|bytes)(\[\])?")
_NARROW: typing.Final = ((8, "31xB"), (16, "30xH"), (32, "28xI"), (64, "24xQ"))

_int = int.from_bytes


class _Unfit(Exception):
    """Data that is not of its layout; becomes MalformedLog where the log is known."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    """A field: `place` is its word for `struct`, `used` its bits; a dynamic one is read from its tail."""

    place: str
    used: int
    tail: _ReadTail | None = None


_OFFSET: typing.Final = ("24xQ", 64)


def compile_reader(name: str, signature: str) -> tuple[str, Read]:
    """The canonical signature (`Name(type,…)`) and a function from a log to its values, indexed ones first."""
    types = _split(signature)
    indexed = [_word(kind[:-1]) for kind in types if kind.endswith("*")]
    others = [kind for kind in types if not kind.endswith("*")]
    fields = [field for kind in others for field in _fields(kind)]
    canonical = f"{name}({signature.replace('*', '')})"
    if all(field.tail is None for field in fields):
        return canonical, _fixed_reader(name, indexed, fields)
    return canonical, _dynamic_reader(name, indexed, fields)


def _fixed_reader(name: str, indexed: list[_Field], fields: list[_Field]) -> Read:
    """Topics and data joined and taken apart by one `struct` call and one mask."""
    layout, mask = _compile(indexed + fields)
    topics = len(indexed) + 1
    data_bytes = WORD_BYTES * len(fields)

    def read(log: Log) -> Values:
        joined = b"".join(log.topics[1:]) + log.data
        if len(log.topics) != topics or len(log.data) != data_bytes or len(joined) != layout.size:
            raise MalformedLog(name, log, f"{len(log.topics)} topics and {len(log.data)} bytes of data")
        if _int(joined) & mask:
            raise MalformedLog(name, log, "a value exceeds its type")
        return layout.unpack(joined)

    return read


def _dynamic_reader(name: str, indexed: list[_Field], fields: list[_Field]) -> Read:
    """The same for topics and the data's head; what the offsets point to follows."""
    layout, mask = _compile(indexed + fields)
    topics = len(indexed) + 1
    head_bytes = WORD_BYTES * len(fields)
    tails = _tails(indexed + fields)

    def read(log: Log) -> Values:
        joined = b"".join(log.topics[1:]) + log.data[:head_bytes]
        if len(log.topics) != topics or len(joined) != layout.size:
            raise MalformedLog(name, log, f"{len(log.topics)} topics and {len(log.data)} bytes of data")
        if _int(joined) & mask:
            raise MalformedLog(name, log, "a value exceeds its type")
        values = list(layout.unpack(joined))
        try:
            end = _read_tails(values, tails, log.data, 0, head_bytes)
        except _Unfit as unfit:
            raise MalformedLog(name, log, str(unfit)) from unfit
        if end != len(log.data):
            raise MalformedLog(name, log, f"{len(log.data) - end} bytes of data too many")
        return tuple(values)

    return read


def _tuple_reader(fields: list[_Field]) -> _ReadTail:
    """Reads a head of words, then the tails of its dynamic fields."""
    layout, mask = _compile(fields)
    tails = _tails(fields)

    def read(data: bytes, start: int) -> tuple[Values, int]:
        end = start + layout.size
        head = data[start:end]
        if len(head) != layout.size:
            raise _Unfit("the data ends in the middle")
        if _int(head) & mask:
            raise _Unfit("a value exceeds its type")
        values = list(layout.unpack(head))
        end = _read_tails(values, tails, data, start, end)
        return tuple(values), end

    return read


def _tails(fields: list[_Field]) -> list[tuple[int, _ReadTail]]:
    return [(place, field.tail) for place, field in enumerate(fields) if field.tail is not None]


def _read_tails(values: list[typing.Any], tails: list[tuple[int, _ReadTail]], data: bytes, start: int, end: int) -> int:
    """Put what follows the head (`start` to `end`) in the place of its offsets, in their order; returns its end."""
    for place, read_tail in tails:
        if values[place] != end - start:
            raise _Unfit("an offset is not that of the canonical encoding")
        values[place], end = read_tail(data, end)
    return end


def _read_bytes(data: bytes, start: int) -> tuple[bytes, int]:
    begin = start + WORD_BYTES
    length = _int(data[start:begin])
    end = begin + length
    padded = end + -length % WORD_BYTES
    if padded > len(data):
        raise _Unfit("the data ends in the middle")
    if padded != end and _int(data[end:padded]):
        raise _Unfit("a byte string is not padded with zeros")
    return data[begin:end], padded


def _array_reader(field: _Field) -> _ReadTail:
    _, unused = _compile([field])
    word_mask = unused.to_bytes(WORD_BYTES)

    def read(data: bytes, start: int) -> tuple[Values, int]:
        length = _length(data, start)
        begin = start + WORD_BYTES
        end = begin + WORD_BYTES * length
        if end > len(data):
            raise _Unfit("the data ends in the middle")
        if _int(data[begin:end]) & _int(word_mask * length):
            raise _Unfit("a value exceeds its type")
        return struct.unpack(">" + field.place * length, data[begin:end]), end

    return read


def _length(data: bytes, start: int) -> int:
    """The length that stands at `start`; never more than the data could hold."""
    length = _int(data[start : start + WORD_BYTES])
    if start + WORD_BYTES > len(data) or length > len(data):
        raise _Unfit("the data ends in the middle")
    return length


def _compile(fields: list[_Field]) -> tuple[struct.Struct, int]:
    mask = 0
    for field in fields:
        mask = mask << 256 | (_WORD ^ ((1 << field.used) - 1))
    return struct.Struct(">" + "".join(field.place for field in fields)), mask


def _fields(kind: str) -> list[_Field]:
    """The words that a type takes in its surroundings' head."""
    if not kind.startswith("("):
        return [_word(kind)]
    inner = [field for part in _split(kind[1:-1]) for field in _fields(part)]
    if all(field.tail is None for field in inner):
        return inner
    return [_Field(*_OFFSET, _tuple_reader(inner))]


def _word(kind: str) -> _Field:
    match = _TYPE.fullmatch(kind)
    if match is None:
        raise ValueError(f"no type of an event: {kind}")
    if match[3]:
        return _Field(*_OFFSET, _array_reader(_word(match[1])))
    if match[1] == "bytes":
        return _Field(*_OFFSET, _read_bytes)
    if match[2]:
        bits = int(match[2])
        return _Field(next((place for widest, place in _NARROW if bits <= widest), "32s"), bits)
    return {"address": _Field("12x20s", 160), "bytes32": _Field("32s", 256), "bool": _Field("31x?", 1)}[match[1]]


def _split(types: str) -> list[str]:
    """Types at the commas outside of parentheses."""
    parts, depth = [""], 0
    for letter in types:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]
