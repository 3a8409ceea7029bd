"""Hex at the edges: the only readers and writers of addresses, hashes and byte strings as text.

Reading is strict, so that one value has few spellings: `0x`, exact length, no blanks; an address is all lower case or
carries the right EIP-55 checksum (mixed case with a wrong one is a typing error, and so is all upper case unless it is
the checksum itself).
"""

import functools
import re

from orbital.chain import keccak
from orbital.domain import errors
from orbital.domain.types import ADDRESS_BYTES, Account, Address, Hash32

CACHED_ADDRESSES = 65_536

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_BYTES = re.compile(r"0x(?:[0-9a-fA-F]{2})*")


def to_hex(data: bytes) -> str:
    """Write bytes as lower-case hex with `0x`."""
    return "0x" + data.hex()


@functools.lru_cache(maxsize=CACHED_ADDRESSES)
def to_checksum(address: Address) -> str:
    """Write a 20-byte address in its EIP-55 spelling; cached."""
    digits = address.hex()
    digest = keccak.keccak256(digits.encode()).hex()
    return "0x" + "".join(
        digit.upper() if nibble > "7" else digit for digit, nibble in zip(digits, digest, strict=False)
    )


def write_account(account: Account | Address) -> str:
    """Write 20 bytes as an address with its checksum, and 32 (not an EVM's) as lower-case hex."""
    return to_checksum(Address(account)) if len(account) == ADDRESS_BYTES else to_hex(account)


def parse_address(text: str) -> Address:
    """Read an address in lower case or with its right checksum. Raises Rejected("invalid_address")."""
    if _ADDRESS.fullmatch(text) is None:
        raise errors.Rejected("invalid_address", "An address is 0x and 40 hex digits.")
    address = Address(bytes.fromhex(text[2:]))
    if not _is_lower(text) and text != to_checksum(address):
        raise errors.Rejected("invalid_address", "The address does not carry its EIP-55 checksum.")
    return address


def parse_hash(text: str) -> Hash32:
    """Read 32 bytes. Raises Rejected("invalid_hash")."""
    if _HASH.fullmatch(text) is None:
        raise errors.Rejected("invalid_hash", "A hash is 0x and 64 hex digits.")
    return Hash32(bytes.fromhex(text[2:]))


def parse_bytes(text: str) -> bytes:
    """Read a byte string of any length; `0x` is the empty one. Raises Rejected("invalid_hex")."""
    if _BYTES.fullmatch(text) is None:
        raise errors.Rejected("invalid_hex", "Bytes are 0x and an even number of hex digits.")
    return bytes.fromhex(text[2:])


def _is_lower(text: str) -> bool:
    return text == text.lower()
