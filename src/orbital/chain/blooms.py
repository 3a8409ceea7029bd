"""Membership in a header's logs bloom: which logs a block may hold, and which it can't.

The bloom is 2048 bits, big-endian. Every log's address and each of its topics set three of them: of keccak-256 the
first three pairs of bytes, each modulo 2048, counted from the lowest bit (yellow paper, section 4.4.3, M3:2048). An
absent bit proves that the log is not there; present bits prove nothing, they may be set by others.
"""

import struct
from collections.abc import Collection
from typing import Final

from orbital.chain import keccak

BLOOM_BYTES: Final = 256
_BITS: Final = 8 * BLOOM_BYTES
_BIT: Final = tuple(1 << place for place in range(_BITS))
_PAIRS: Final = struct.Struct(">3H")


def mask_of(item: bytes) -> int:
    """The bits that a log with this address (20 bytes) or topic (32 bytes) sets."""
    first, second, third = _PAIRS.unpack_from(keccak.keccak256(item))
    mask: int = _BIT[first % _BITS] | _BIT[second % _BITS] | _BIT[third % _BITS]
    return mask


def may_hold(bloom: bytes, mask: int) -> bool:
    """Whether every bit of the mask is set."""
    return int.from_bytes(bloom) & mask == mask


def may_hold_any(bloom: bytes, masks: Collection[int]) -> bool:
    """Whether one of the masks is set; no masks mean any log, so they are in each bloom that is not empty."""
    bits = int.from_bytes(bloom)
    if not masks:
        return bits != 0
    return any(bits & mask == mask for mask in masks)
