"""Recursive-length prefix encoding, as far as transactions need it: byte strings, integers and lists of them.

Source: Ethereum yellow paper, appendix B.
"""

import collections.abc

Item = bytes | int | collections.abc.Sequence["Item"]

SHORT_BYTES = 55
STRING_OFFSET = 0x80
LIST_OFFSET = 0xC0


def encode(item: Item) -> bytes:
    """Encode; integers are big-endian without leading zeros, so 0 is the empty string."""
    if isinstance(item, int):
        item = item.to_bytes((item.bit_length() + 7) // 8)
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < STRING_OFFSET:
            return item
        return _prefix(len(item), STRING_OFFSET) + item
    return wrap(b"".join(encode(part) for part in item))


def wrap(body: bytes) -> bytes:
    """Make a list of items that are encoded already, one after the other."""
    return _prefix(len(body), LIST_OFFSET) + body


def _prefix(length: int, offset: int) -> bytes:
    if length <= SHORT_BYTES:
        return bytes((offset + length,))
    written = length.to_bytes((length.bit_length() + 7) // 8)
    return bytes((offset + SHORT_BYTES + len(written),)) + written
