"""Whether a header's hash is that of its fields: a header with one field changed is not the block that it names.

A hash is Keccak-256 over the RLP list of a header's fields in their order. Forks appended some: EIP-1559 (base fee),
EIP-4895 (withdrawals), EIP-4844 and EIP-4788 (blobs, beacon root), EIP-7685 (requests). Arbitrum's and Optimism's have
the same form. A field that nobody knows here may be part of the hash, so of a header with one it can't be known.
Source: Ethereum yellow paper, section 4.4.3, and these EIPs.
"""

import collections.abc
import typing

import msgspec

from orbital.chain import rlp
from orbital.chain.keccak import keccak256
from orbital.domain.types import ChainId, Hash32
from orbital.observe import logging

DISBELIEF_MAX: typing.Final = 20
"""Looks in a row with broken seals and no sound one, after which the chain's form is not what was thought."""

_HASH, _ADDRESS, _NONCE, _BLOOM = "a0", "94", "88", "b90100"  # RLP's heads of 32, 20, 8 and 256 bytes
_UNREAD: typing.Final = msgspec.Raw(b"")


class SealedHeader(msgspec.Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    """A header as nodes write it in JSON, in the form whose hash is known; what is `Raw` here is no part of it."""

    number: str
    hash: str
    parent_hash: str
    sha3_uncles: str
    miner: str
    state_root: str
    transactions_root: str
    receipts_root: str
    logs_bloom: str
    difficulty: str
    gas_limit: str
    gas_used: str
    timestamp: str
    extra_data: str
    mix_hash: str
    nonce: str
    base_fee_per_gas: str | None = None
    withdrawals_root: str | None = None
    blob_gas_used: str | None = None
    excess_blob_gas: str | None = None
    parent_beacon_block_root: str | None = None
    requests_hash: str | None = None
    size: msgspec.Raw = _UNREAD
    total_difficulty: msgspec.Raw = _UNREAD
    uncles: msgspec.Raw = _UNREAD
    transactions: msgspec.Raw = _UNREAD
    withdrawals: msgspec.Raw = _UNREAD
    l1_block_number: msgspec.Raw = _UNREAD
    send_count: msgspec.Raw = _UNREAD
    send_root: msgspec.Raw = _UNREAD


class _Judged(typing.Protocol):
    """What has a hash; None when it can't be known whether it is sealed."""

    @property
    def is_sealed(self) -> bool | None: ...


Judged = typing.TypeVar("Judged", bound=_Judged)


class Form:
    """Whether one chain's headers are sealed in the known form, learned from what its nodes give.

    Only once a sound one was seen can another one be broken. A fork may change the form: when no node gives a sound one
    any more, hashes are believed from there on.
    """

    def __init__(self, chain_id: ChainId) -> None:
        self._log = logging.get_logger("chain").bind(chain_id=chain_id)
        self._is_known = False
        self._is_given_up = False
        self._is_said = False
        self._disbelief = 0

    def find_broken(self, headers: collections.abc.Sequence[Judged]) -> list[Judged]:
        """Those of one node's headers whose hash is not that of their fields."""
        broken = [header for header in headers if header.is_sealed is False]
        if any(header.is_sealed for header in headers):
            self._is_known = True
            self._disbelief = self._disbelief if broken else 0
        if not self._is_known or self._is_given_up:
            self._say("hashes of headers can't be recomputed, they are believed")
            return []
        self._disbelief += bool(broken)
        if self._disbelief > DISBELIEF_MAX:
            self._is_given_up = True
            self._say("hashes of headers can't be recomputed any more, they are believed")
            return []
        return broken

    def _say(self, event: str) -> None:
        if not self._is_said:
            self._log.warning(event)
        self._is_said = True


def recompute(raw: SealedHeader) -> Hash32:
    """The hash of a header's fields; ValueError when one is no hex.

    The list is put together as hex and read once, for that takes a fifth of the time of encoding field by field.
    """
    fields = [
        (_HASH + raw.parent_hash[2:] + _HASH + raw.sha3_uncles[2:] + _ADDRESS + raw.miner[2:] + _HASH),
        (raw.state_root[2:] + _HASH + raw.transactions_root[2:] + _HASH + raw.receipts_root[2:]),
        (_BLOOM + raw.logs_bloom[2:]),
        _number(raw.difficulty),
        _number(raw.number),
        _number(raw.gas_limit),
        _number(raw.gas_used),
        _number(raw.timestamp),
        rlp.encode(bytes.fromhex(raw.extra_data[2:])).hex(),
        (_HASH + raw.mix_hash[2:] + _NONCE + raw.nonce[2:]),
    ]
    for number, word in (
        (raw.base_fee_per_gas, raw.withdrawals_root),
        (raw.blob_gas_used, None),
        (raw.excess_blob_gas, raw.parent_beacon_block_root),
        (None, raw.requests_hash),
    ):
        if number is not None:
            fields.append(_number(number))
        if word is not None:
            fields.append(_HASH + word[2:])
    return keccak256(rlp.wrap(bytes.fromhex("".join(fields))))


def _number(text: str) -> str:
    """The RLP of a quantity, from hex to hex."""
    digits = text[2:].lstrip("0")
    digits = digits if len(digits) % 2 == 0 else "0" + digits
    if len(digits) == 2 and digits < "80":
        return digits
    return f"{rlp.STRING_OFFSET + len(digits) // 2:02x}" + digits
