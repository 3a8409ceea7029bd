"""What nodes say about blocks, typed: headers, logs, receipts.

The hot answers are decoded by msgspec into structs of strings and from there into bytes and integers; whatever a node
sends beside is skipped unread. A malformed answer raises Unavailable("chain_unavailable"): it says something about the
node, not about the chain.
"""

import collections.abc
import typing

import msgspec

from orbital.chain import seals
from orbital.domain import errors
from orbital.domain.types import Address, Amount, BlockNumber, Hash32, UnixSeconds

Answer = typing.TypeVar("Answer")
Decoded = typing.TypeVar("Decoded")


class Header(msgspec.Struct, frozen=True, gc=False):
    """A block's head. `logs_bloom` has 256 bytes; `base_fee_wei` is None before EIP-1559.

    `is_sealed`: the hash is that of all fields; None where that can't be known.
    """

    number: BlockNumber
    hash: Hash32
    parent_hash: Hash32
    timestamp: UnixSeconds
    logs_bloom: bytes
    base_fee_wei: int | None = None
    is_sealed: bool | None = None


class Heads(msgspec.Struct, frozen=True, gc=False):
    """One look at a chain; `safe` and `finalized` are None while the chain has none yet."""

    latest: Header
    safe: Header | None
    finalized: Header | None


class Log(msgspec.Struct, frozen=True, gc=False):
    """An event as emitted. Its time is its block's: not every node sends it along."""

    address: Address
    topics: tuple[Hash32, ...]
    data: bytes
    block_number: BlockNumber
    block_hash: Hash32
    tx_hash: Hash32
    log_index: int


class Receipt(msgspec.Struct, frozen=True):
    """A mined transaction. `contract_address` is that of a deployment."""

    tx_hash: Hash32
    block_number: BlockNumber
    block_hash: Hash32
    succeeded: bool
    gas_used: int
    effective_gas_price_wei: Amount
    contract_address: Address | None
    logs: tuple[Log, ...]


class _RawHeader(msgspec.Struct, rename="camel", gc=False):
    number: str
    hash: str
    parent_hash: str
    timestamp: str
    logs_bloom: str
    base_fee_per_gas: str | None = None


class _RawLog(msgspec.Struct, rename="camel", gc=False):
    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str


class _RawReceipt(msgspec.Struct, rename="camel"):
    transaction_hash: str
    block_number: str
    block_hash: str
    gas_used: str
    effective_gas_price: str
    logs: list[_RawLog]
    status: str = "0x1"
    contract_address: str | None = None


_LOGS_AT_ONCE: typing.Final = 128
_SEALED_HEADER = msgspec.json.Decoder(seals.SealedHeader | None)
_HEADER = msgspec.json.Decoder(_RawHeader | None)
_LOGS = msgspec.json.Decoder(list[_RawLog])
_RECEIPT = msgspec.json.Decoder(_RawReceipt | None)
_TEXT = msgspec.json.Decoder(str)


def decode_header(answer: bytes | msgspec.Raw) -> Header | None:
    """Decode the answer of `eth_getBlockBy…` without transactions, or a `newHeads` notice."""
    try:
        return _decode(_SEALED_HEADER, _to_sealed_header, answer)
    except errors.Unavailable:  # malformed, or of another form
        return _decode(_HEADER, _to_header, answer)


def decode_logs(answer: bytes | msgspec.Raw) -> collections.abc.Iterator[list[Log]]:
    """Decode the answer of `eth_getLogs`, some logs at a time: many take tens of milliseconds."""
    known, numbers = _Known(), _Numbers()
    raw = _decode(_LOGS, list, answer)
    for first in range(0, len(raw), _LOGS_AT_ONCE):
        try:
            yield _to_logs(raw[first : first + _LOGS_AT_ONCE], known, numbers)
        except ValueError as failure:
            raise _malformed(failure) from failure


def decode_receipt(answer: bytes | msgspec.Raw) -> Receipt | None:
    """Decode the answer of `eth_getTransactionReceipt`."""
    return _decode(_RECEIPT, _to_receipt, answer)


def decode_quantity(answer: bytes | msgspec.Raw) -> int:
    """Decode a hex number."""
    return _decode(_TEXT, _to_int, answer)


def decode_bytes(answer: bytes | msgspec.Raw) -> bytes:
    """Decode a hex byte string."""
    return _decode(_TEXT, _to_bytes, answer)


def _decode(
    decoder: msgspec.json.Decoder[Answer],
    convert: collections.abc.Callable[[Answer], Decoded],
    answer: bytes | msgspec.Raw,
) -> Decoded:
    try:
        return convert(decoder.decode(answer))
    except (msgspec.MsgspecError, ValueError) as failure:
        raise _malformed(failure) from failure


def _malformed(failure: Exception) -> errors.Unavailable:
    return errors.Unavailable("chain_unavailable", f"The node's answer is malformed: {failure}")


def _to_int(text: str) -> int:
    return int(text, 16)


def _to_bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _to_sealed_header(raw: seals.SealedHeader | None) -> Header | None:
    if raw is None:
        return None
    return _to_header(raw, is_sealed=seals.recompute(raw) == bytes.fromhex(raw.hash[2:]))


def _to_header(raw: _RawHeader | seals.SealedHeader | None, *, is_sealed: bool | None = None) -> Header | None:
    if raw is None:
        return None
    return Header(
        BlockNumber(int(raw.number, 16)),
        Hash32(bytes.fromhex(raw.hash[2:])),
        Hash32(bytes.fromhex(raw.parent_hash[2:])),
        UnixSeconds(int(raw.timestamp, 16)),
        bytes.fromhex(raw.logs_bloom[2:]),
        None if raw.base_fee_per_gas is None else int(raw.base_fee_per_gas, 16),
        is_sealed,
    )


def _to_logs(raw: list[_RawLog], known: "_Known", numbers: "_Numbers") -> list[Log]:
    """Each value is made once: what many logs of an answer share takes neither time nor memory again."""
    return [
        Log(
            known[log.address],
            tuple(map(known.__getitem__, log.topics)),
            bytes.fromhex(log.data[2:]),
            numbers[log.block_number],
            known[log.block_hash],
            known[log.transaction_hash],
            numbers[log.log_index],
        )
        for log in raw
    ]


class _Known(dict[str, typing.Any]):
    """Hex strings and their bytes, which are an address, a hash, or whatever stands in their place."""

    def __missing__(self, text: str) -> bytes:
        found = self[text] = bytes.fromhex(text[2:])
        return found


class _Numbers(dict[str, typing.Any]):
    """Hex numbers and their values: heights, indexes."""

    def __missing__(self, text: str) -> int:
        found = self[text] = int(text, 16)
        return found


def _to_receipt(raw: _RawReceipt | None) -> Receipt | None:
    if raw is None:
        return None
    return Receipt(
        tx_hash=Hash32(_to_bytes(raw.transaction_hash)),
        block_number=BlockNumber(_to_int(raw.block_number)),
        block_hash=Hash32(_to_bytes(raw.block_hash)),
        succeeded=_to_int(raw.status) == 1,
        gas_used=_to_int(raw.gas_used),
        effective_gas_price_wei=Amount(_to_int(raw.effective_gas_price)),
        contract_address=None if raw.contract_address is None else Address(_to_bytes(raw.contract_address)),
        logs=tuple(_to_logs(raw.logs, _Known(), _Numbers())),
    )
