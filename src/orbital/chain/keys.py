"""Private keys and plain signatures.

A signature is 65 bytes: r, s, v. Low s only and v in {0, 1, 27, 28}, so that a signer cannot be shown two spellings of
one signature besides the two of v, and `normalise_signature` removes those. The curve library accepts more (high s,
v up to 3); the refusal happens here. Private keys never appear in a repr, an error or a log.
"""

import secrets
from typing import Final, final

import coincurve

from orbital.chain import hexes
from orbital.chain.keccak import keccak256
from orbital.domain import errors
from orbital.domain.types import Address, Hash32

SIGNATURE_BYTES: Final = 65
SECRET_BYTES: Final = 32
V_OFFSET: Final = 27

_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_RECOVERY_IDS: Final = {0: 0, 1: 1, 27: 0, 28: 1}


@final
class Signer:
    """Holder of one private key."""

    __slots__ = ("_key", "address")

    def __init__(self, secret: bytes) -> None:
        """Take the 32-byte private key. Raises Rejected("invalid_private_key")."""
        if len(secret) != SECRET_BYTES:
            raise errors.Rejected("invalid_private_key", "A private key has 32 bytes.")
        try:
            self._key = coincurve.PrivateKey(secret)
        except ValueError:
            raise errors.Rejected("invalid_private_key", "The private key is not on the curve.") from None
        self.address: Final = _address_of(self._key.public_key)

    def __repr__(self) -> str:
        return f"Signer({hexes.to_checksum(self.address)})"

    def __reduce__(self) -> str:
        raise TypeError("a Signer is not copied or pickled: its key stays in this process")

    def sign(self, digest: Hash32) -> bytes:
        """Sign 32 bytes; returns r, s, v with low s and v 27 or 28. Deterministic (RFC 6979)."""
        signature = self._key.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes((signature[64] + V_OFFSET,))


def parse_signer(text: str) -> Signer:
    """Read a private key written as 0x and 64 hex digits. Raises Rejected("invalid_private_key")."""
    try:
        secret = hexes.parse_hash(text)
    except errors.Rejected:
        raise errors.Rejected("invalid_private_key", "A private key is 0x and 64 hex digits.") from None
    return Signer(secret)


def generate_signer() -> Signer:
    """Make a new key from the system's randomness."""
    return Signer(secrets.token_bytes(SECRET_BYTES))


def recover(digest: Hash32, signature: bytes) -> Address:
    """Return who signed the 32 bytes. Raises Rejected("invalid_signature") unless it is acceptable and recovers."""
    _check(signature)
    compact = signature[:64] + bytes((_RECOVERY_IDS[signature[64]],))
    try:
        public_key = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except ValueError as failure:
        raise errors.Rejected("invalid_signature", "No key made this signature.") from failure
    return _address_of(public_key)


def normalise_signature(signature: bytes) -> bytes:
    """Return the signature with v 27 or 28, as contracts want it. Raises Rejected("invalid_signature")."""
    _check(signature)
    return signature[:64] + bytes((_RECOVERY_IDS[signature[64]] + V_OFFSET,))


def personal_digest(message: bytes) -> Hash32:
    """Digest of a message signed by `personal_sign` (EIP-191, version 0x45)."""
    return keccak256(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message)


def _check(signature: bytes) -> None:
    if len(signature) != SIGNATURE_BYTES:
        raise errors.Rejected("invalid_signature", f"A signature has 65 bytes, not {len(signature)}.")
    if signature[64] not in _RECOVERY_IDS:
        raise errors.Rejected("invalid_signature", "The signature's v is none of 0, 1, 27, 28.")
    if int.from_bytes(signature[32:64]) > _HALF_ORDER:
        raise errors.Rejected("invalid_signature", "The signature's s is in the upper half.")


def _address_of(public_key: coincurve.PublicKey) -> Address:
    return Address(keccak256(public_key.format(compressed=False)[1:])[12:])
