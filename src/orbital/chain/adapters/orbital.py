"""Logs of settler, registry and mailbox as facts: a table from topic 0 to a decoder, all of it pure.

Every event but `Dispatch` is fixed-width words, so topics and data are joined and taken apart in one `struct` call;
the bits that a type leaves unused are checked with one mask. A log that does not fit its event exactly (topics, length,
dirty bits, padding) raises MalformedLog: our contracts can't emit it, so address book or node are wrong and reading on
would store nonsense. Who emitted it is the caller's check; `IntentFilled` carries its emitter on.
"""

import collections.abc
import dataclasses
import struct
import typing

from orbital.chain import hexes
from orbital.chain.blocks import Log
from orbital.chain.keccak import keccak256
from orbital.domain import errors, facts
from orbital.domain.intent import Intent
from orbital.domain.types import Address, Amount, ChainId, Hash32, IntentId, UnixSeconds

Decoded = tuple[IntentId | None, facts.Event]
Build = collections.abc.Callable[..., Decoded]
Decode = collections.abc.Callable[[Log], Decoded]

WORD_BYTES: typing.Final = 32
INTENT_TYPE: typing.Final = (
    "(address,address,uint256,uint256,address,uint256,address,uint256,uint256,uint64,uint64,address)"
)
# Of a type: its place in a 32-byte word for `struct`, and how many bytes before it must be zero.
_PLACES: typing.Final = {
    "address": ("12x20s", 12),
    "bytes32": ("32s", 0),
    "uint256": ("32s", 0),
    "uint64": ("24xQ", 24),
    "uint32": ("28xI", 28),
}


class MalformedLog(errors.Corrupt):
    """A log that is none of its event's; `event`, `log` and `fault` say which and why."""

    def __init__(self, event: str, log: Log, fault: str) -> None:
        place = f"log {log.log_index} of transaction {hexes.to_hex(log.tx_hash)} in block {log.block_number}"
        super().__init__("malformed_log", f"{event}, {place}, emitted by {hexes.to_checksum(log.address)}: {fault}.")
        self.event = event
        self.log = log
        self.fault = fault


@dataclasses.dataclass(frozen=True, slots=True)
class EventType:
    """An event: its name, the hash that stands in topic 0, its decoder."""

    name: str
    topic: Hash32
    decode: Decode


_int = int.from_bytes


def decode(chain_id: ChainId, log: Log, timestamp: UnixSeconds) -> facts.Fact | None:
    """Return the fact that the log states, None for an event that is not ours. Raises MalformedLog."""
    event_type = EVENTS.get(log.topics[0]) if log.topics else None
    if event_type is None:
        return None
    intent_id, event = event_type.decode(log)
    position = facts.Position(chain_id, log.block_number, log.log_index, log.block_hash, log.tx_hash)
    return facts.Fact(intent_id, event, position, timestamp)


def _fixed(name: str, fields: str, build: Build) -> EventType:
    """Describe an event of fixed-width words; `fields` are its types in order, `*` marks the indexed ones."""
    types = fields.replace("(", "").replace(")", "").split(",")
    indexed = [kind[:-1] for kind in types if kind.endswith("*")]
    words = indexed + [kind for kind in types if not kind.endswith("*")]
    layout = struct.Struct(">" + "".join(_PLACES[kind][0] for kind in words))
    mask = _int(b"".join(b"\xff" * zeros + bytes(WORD_BYTES - zeros) for zeros in (_PLACES[kind][1] for kind in words)))
    topics = len(indexed) + 1
    data_bytes = layout.size - WORD_BYTES * len(indexed)

    def decode_fixed(log: Log) -> Decoded:
        joined = b"".join(log.topics[1:]) + log.data
        if len(log.topics) != topics or len(log.data) != data_bytes or len(joined) != layout.size:
            raise MalformedLog(name, log, f"{len(log.topics)} topics and {len(log.data)} bytes of data")
        if _int(joined) & mask:
            raise MalformedLog(name, log, "a value exceeds its type")
        return build(log, *layout.unpack(joined))

    return EventType(name, _topic(name, fields), decode_fixed)


def _topic(name: str, fields: str) -> Hash32:
    return keccak256(f"{name}({fields.replace('*', '')})".encode())


def _opened(
    _log: Log,
    intent_id: bytes,
    indexed_user: bytes,
    solver: bytes,
    user: bytes,
    recipient: bytes,
    origin: bytes,
    destination: bytes,
    input_token: bytes,
    input_amount: bytes,
    output_token: bytes,
    min_output_amount: bytes,
    nonce: bytes,
    open_deadline: int,
    fill_deadline: int,
    auctioneer: bytes,
    output_amount: bytes,
) -> Decoded:
    if indexed_user != user:
        raise MalformedLog("IntentOpened", _log, "its user is not the intent's")
    intent = Intent(
        Address(user),
        Address(recipient),
        ChainId(_int(origin)),
        ChainId(_int(destination)),
        Address(input_token),
        Amount(_int(input_amount)),
        Address(output_token),
        Amount(_int(min_output_amount)),
        _int(nonce),
        UnixSeconds(open_deadline),
        UnixSeconds(fill_deadline),
        Address(auctioneer),
    )
    return IntentId(intent_id), facts.IntentOpened(intent, Address(solver), Amount(_int(output_amount)))


def _filled(
    log: Log,
    intent_id: bytes,
    solver: bytes,
    recipient: bytes,
    output_token: bytes,
    output_amount: bytes,
    origin: bytes,
    repay_to: bytes,
) -> Decoded:
    event = facts.IntentFilled(
        log.address,
        Address(solver),
        Address(recipient),
        Address(output_token),
        Amount(_int(output_amount)),
        ChainId(_int(origin)),
        Address(repay_to),
    )
    return IntentId(intent_id), event


def _settled(_log: Log, intent_id: bytes, solver: bytes, repay_to: bytes, token: bytes, amount: bytes) -> Decoded:
    event = facts.IntentSettled(Address(solver), Address(repay_to), Address(token), Amount(_int(amount)))
    return IntentId(intent_id), event


def _expired(_log: Log, intent_id: bytes, origin: bytes) -> Decoded:
    return IntentId(intent_id), facts.IntentExpired(ChainId(_int(origin)))


def _refunded(_log: Log, intent_id: bytes, user: bytes, token: bytes, amount: bytes) -> Decoded:
    return IntentId(intent_id), facts.IntentRefunded(Address(user), Address(token), Amount(_int(amount)))


def _credited(_log: Log, intent_id: bytes, account: bytes, token: bytes, amount: bytes) -> Decoded:
    return IntentId(intent_id), facts.PayoutCredited(Address(account), Address(token), Amount(_int(amount)))


def _claimed(_log: Log, account: bytes, token: bytes, amount: bytes) -> Decoded:
    return None, facts.PayoutClaimed(Address(account), Address(token), Amount(_int(amount)))


def _invalidated(_log: Log, user: bytes, nonce: bytes) -> Decoded:
    return None, facts.NonceInvalidated(Address(user), _int(nonce))


def _registered(_log: Log, solver: bytes, bond: bytes) -> Decoded:
    return None, facts.SolverRegistered(Address(solver), Amount(_int(bond)))


def _bond_changed(_log: Log, solver: bytes, bond: bytes, in_withdrawal: bytes) -> Decoded:
    return None, facts.BondChanged(Address(solver), Amount(_int(bond)), Amount(_int(in_withdrawal)))


def _slashed(_log: Log, solver: bytes, intent_id: bytes, amount: bytes) -> Decoded:
    return None, facts.SolverSlashed(Address(solver), Amount(_int(amount)), IntentId(intent_id))


def _dispatch_id(_log: Log, message_id: bytes) -> Decoded:
    return None, facts.DispatchId(Hash32(message_id))


def _process(_log: Log, origin: int, sender: bytes, recipient: bytes) -> Decoded:
    return None, facts.Process(origin, Hash32(sender), Address(recipient))


def _process_id(_log: Log, message_id: bytes) -> Decoded:
    return None, facts.ProcessId(Hash32(message_id))


_DISPATCH_TOPICS: typing.Final = struct.Struct(">12x20s28xI32s")
_DISPATCH_MASK: typing.Final = _int(b"\xff" * 12 + bytes(20) + b"\xff" * 28 + bytes(36))
_BYTES_START: typing.Final = 2 * WORD_BYTES


def _decode_dispatch(log: Log) -> Decoded:
    joined = b"".join(log.topics[1:])
    if len(log.topics) != 4 or len(joined) != _DISPATCH_TOPICS.size or len(log.data) < _BYTES_START:
        raise MalformedLog("Dispatch", log, f"{len(log.topics)} topics and {len(log.data)} bytes of data")
    if _int(joined) & _DISPATCH_MASK:
        raise MalformedLog("Dispatch", log, "a value exceeds its type")
    offset, length = _int(log.data[:WORD_BYTES]), _int(log.data[WORD_BYTES:_BYTES_START])
    end = _BYTES_START + length
    if offset != WORD_BYTES or len(log.data) != end + -length % WORD_BYTES or any(log.data[end:]):
        raise MalformedLog("Dispatch", log, "its message is not encoded as one byte string")
    sender, destination, recipient = _DISPATCH_TOPICS.unpack(joined)
    return None, facts.Dispatch(Address(sender), destination, Hash32(recipient), log.data[_BYTES_START:end])


SETTLER_EVENTS: typing.Final = (
    _fixed("IntentOpened", f"bytes32*,address*,address*,{INTENT_TYPE},uint256", _opened),
    _fixed("IntentFilled", "bytes32*,address*,address*,address,uint256,uint256,address", _filled),
    _fixed("IntentSettled", "bytes32*,address*,address,address,uint256", _settled),
    _fixed("IntentExpired", "bytes32*,uint256", _expired),
    _fixed("IntentRefunded", "bytes32*,address*,address,uint256", _refunded),
    _fixed("PayoutCredited", "bytes32*,address*,address,uint256", _credited),
    _fixed("PayoutClaimed", "address*,address,uint256", _claimed),
    _fixed("NonceInvalidated", "address*,uint256", _invalidated),
)
REGISTRY_EVENTS: typing.Final = (
    _fixed("SolverRegistered", "address*,uint256", _registered),
    _fixed("BondChanged", "address*,uint256,uint256", _bond_changed),
    _fixed("SolverSlashed", "address*,uint256,bytes32*", _slashed),
)
MAILBOX_EVENTS: typing.Final = (
    EventType("Dispatch", _topic("Dispatch", "address*,uint32*,bytes32*,bytes"), _decode_dispatch),
    _fixed("DispatchId", "bytes32*", _dispatch_id),
    _fixed("Process", "uint32*,bytes32*,address*", _process),
    _fixed("ProcessId", "bytes32*", _process_id),
)
EVENTS: typing.Final[dict[Hash32, EventType]] = {
    event.topic: event for event in SETTLER_EVENTS + REGISTRY_EVENTS + MAILBOX_EVENTS
}
TOPICS: typing.Final[tuple[Hash32, ...]] = tuple(EVENTS)
