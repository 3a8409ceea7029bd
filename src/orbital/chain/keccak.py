"""Keccak-256 as Ethereum uses it (the padding from before SHA-3 was standardised)."""

import sha3

from orbital.domain.types import Hash32


def keccak256(data: bytes) -> Hash32:
    """Hash `data` to 32 bytes."""
    return Hash32(sha3.keccak_256(data).digest())
