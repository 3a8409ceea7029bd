"""The mailbox, and messages as it packs them.

A message is `version uint8 | nonce uint32 | origin uint32 | sender bytes32 | destination uint32 | recipient bytes32 |
body`, packed; its id is the keccak of that. A settler's body is five words: kind, intent id, solver, repayTo, output
amount. Parsing is strict; what does not fit raises Rejected("invalid_message"). Domains number chains in the mailbox's
own way and are never derived from a chain id.

Source: Hyperlane, message format version 3.
"""

import dataclasses
import enum
import struct
import typing

from orbital.chain import keys, rpc
from orbital.chain.abi import codec
from orbital.chain.keccak import keccak256
from orbital.domain import errors
from orbital.domain.types import Address, Amount, Hash32, IntentId

ARTIFACT: typing.Final = "LocalMailbox"
VERSION: typing.Final = 3
ADDRESS_PADDING: typing.Final = bytes(12)

_HEADER: typing.Final = struct.Struct(">BII32sI32s")
_BODY: typing.Final = struct.Struct(">31xB32s12x20s12x20s32s")
_BODY_ZEROS: typing.Final = (slice(0, 31), slice(64, 76), slice(96, 108))


class Kind(enum.IntEnum):
    """What a settler says about an intent."""

    FILLED = 1
    EXPIRED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A message between mailboxes; `origin` and `destination` are domains, `sender` and `recipient` padded."""

    nonce: int
    origin: int
    sender: Hash32
    destination: int
    recipient: Hash32
    body: bytes
    version: int = VERSION


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """A settler's body. Solver, `repay_to` and amount are zero for an expired intent."""

    kind: Kind
    intent_id: IntentId
    solver: Address
    repay_to: Address
    output_amount: Amount


def load() -> codec.Contract:
    """Return the artifact; its constructor takes its domain, the validator and the fee in wei."""
    return codec.load(ARTIFACT)


def pack(message: Message) -> bytes:
    """Return the bytes that are dispatched and whose keccak is the message's id."""
    head = (message.version, message.nonce, message.origin, message.sender, message.destination, message.recipient)
    return _HEADER.pack(*head) + message.body


def parse(packed: bytes) -> Message:
    """Take packed bytes apart. Raises Rejected("invalid_message") for another version or too few bytes."""
    if len(packed) < _HEADER.size or packed[0] != VERSION:
        raise errors.Rejected("invalid_message", "This is no mailbox message of version 3.")
    version, nonce, origin, sender, destination, recipient = _HEADER.unpack_from(packed)
    body = packed[_HEADER.size :]
    return Message(nonce, origin, Hash32(sender), destination, Hash32(recipient), body, version)


def message_id(packed: bytes) -> Hash32:
    return keccak256(packed)


def parse_outcome(body: bytes) -> Outcome:
    """Read a settler's body. Raises Rejected("invalid_message")."""
    if len(body) != _BODY.size or any(any(body[zeros]) for zeros in _BODY_ZEROS):
        raise errors.Rejected("invalid_message", "The body is no settler's.")
    kind, intent_id, solver, repay_to, amount = _BODY.unpack(body)
    if kind not in set(Kind):
        raise errors.Rejected("invalid_message", f"A settler says nothing of kind {kind}.")
    return Outcome(Kind(kind), IntentId(intent_id), Address(solver), Address(repay_to), Amount(int.from_bytes(amount)))


def pack_outcome(outcome: Outcome) -> bytes:
    """Return the body that a settler dispatches, for asking its price beforehand."""
    amount = outcome.output_amount.to_bytes(32)
    return _BODY.pack(outcome.kind, outcome.intent_id, outcome.solver, outcome.repay_to, amount)


def pad_address(address: Address) -> Hash32:
    """Write an address as mailboxes write senders and recipients."""
    return Hash32(ADDRESS_PADDING + address)


def parse_padded(padded: Hash32) -> Address:
    """Read a sender or recipient. Raises Rejected("invalid_message") if it is no address of ours."""
    if padded[:12] != ADDRESS_PADDING:
        raise errors.Rejected("invalid_message", "A sender or recipient is no 20-byte address.")
    return Address(padded[12:])


def sign_metadata(validator: keys.Signer, packed: bytes) -> bytes:
    """Return the validator's EIP-191 signature over the message id: the local mailbox's metadata."""
    return validator.sign(keys.personal_digest(message_id(packed)))


def process(metadata: bytes, packed: bytes) -> bytes:
    """Return the calldata that delivers a message."""
    return load().encode_call("process", metadata, packed)


async def fetch_dispatch_fee(
    node: rpc.Rpc, mailbox: Address, destination: int, recipient: Hash32, body: bytes
) -> Amount:
    """Return `quoteDispatch` in wei."""
    return Amount(await _read_number(node, mailbox, "quoteDispatch", destination, recipient, body))


async def fetch_delivered(
    node: rpc.Rpc, mailbox: Address, delivered_id: Hash32, *, block: rpc.BlockRef = "latest"
) -> bool:
    """Whether the message with this id was delivered there."""
    return bool(await _read_number(node, mailbox, "delivered", delivered_id, block=block))


async def fetch_local_domain(node: rpc.Rpc, mailbox: Address) -> int:
    """Return the mailbox's number for its chain."""
    return await _read_number(node, mailbox, "localDomain")


async def _read_number(
    node: rpc.Rpc, mailbox: Address, function: str, *arguments: typing.Any, block: rpc.BlockRef = "latest"
) -> int:
    data = await node.call(mailbox, load().encode_call(function, *arguments), block=block)
    return int(load().decode_return(function, data)[0])
