"""Our own protocol: logs of settler, registry, mailbox and pools (`orbital_pool`) as facts, all of it pure.

Every event but `Dispatch` is fixed-width words, read in one `struct` call. Who emitted a log is not looked at here;
`IntentFilled` carries its emitter on.
"""

import typing

from orbital.chain.adapters import adapter, orbital_pool
from orbital.chain.adapters.adapter import Adapter, Decoded, EventType
from orbital.chain.adapters.malformed import MalformedLog
from orbital.chain.blocks import Log
from orbital.domain import facts
from orbital.domain.intent import Intent
from orbital.domain.types import Address, Amount, ChainId, Hash32, IntentId, Protocol, UnixSeconds

INTENT_TYPE: typing.Final = (
    "(address,address,uint256,uint256,address,uint256,address,uint256,uint256,uint64,uint64,address)"
)

_int = int.from_bytes


def _opened(
    _chain: ChainId,
    log: Log,
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
        raise MalformedLog("IntentOpened", log, "its user is not the intent's")
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
    _chain: ChainId,
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


def _settled(
    _chain: ChainId, _log: Log, intent_id: bytes, solver: bytes, repay_to: bytes, token: bytes, amount: bytes
) -> Decoded:
    event = facts.IntentSettled(Address(solver), Address(repay_to), Address(token), Amount(_int(amount)))
    return IntentId(intent_id), event


def _expired(_chain: ChainId, _log: Log, intent_id: bytes, origin: bytes) -> Decoded:
    return IntentId(intent_id), facts.IntentExpired(ChainId(_int(origin)))


def _refunded(_chain: ChainId, _log: Log, intent_id: bytes, user: bytes, token: bytes, amount: bytes) -> Decoded:
    return IntentId(intent_id), facts.IntentRefunded(Address(user), Address(token), Amount(_int(amount)))


def _credited(_chain: ChainId, _log: Log, intent_id: bytes, account: bytes, token: bytes, amount: bytes) -> Decoded:
    return IntentId(intent_id), facts.PayoutCredited(Address(account), Address(token), Amount(_int(amount)))


def _claimed(_chain: ChainId, _log: Log, account: bytes, token: bytes, amount: bytes) -> Decoded:
    return None, facts.PayoutClaimed(Address(account), Address(token), Amount(_int(amount)))


def _invalidated(_chain: ChainId, _log: Log, user: bytes, nonce: bytes) -> Decoded:
    return None, facts.NonceInvalidated(Address(user), _int(nonce))


def _registered(_chain: ChainId, _log: Log, solver: bytes, bond: bytes) -> Decoded:
    return None, facts.SolverRegistered(Address(solver), Amount(_int(bond)))


def _bond_changed(_chain: ChainId, _log: Log, solver: bytes, bond: bytes, in_withdrawal: bytes) -> Decoded:
    return None, facts.BondChanged(Address(solver), Amount(_int(bond)), Amount(_int(in_withdrawal)))


def _slashed(_chain: ChainId, _log: Log, solver: bytes, intent_id: bytes, amount: bytes) -> Decoded:
    return None, facts.SolverSlashed(Address(solver), Amount(_int(amount)), IntentId(intent_id))


def _dispatch_id(_chain: ChainId, _log: Log, message_id: bytes) -> Decoded:
    return None, facts.DispatchId(Hash32(message_id))


def _process(_chain: ChainId, _log: Log, origin: int, sender: bytes, recipient: bytes) -> Decoded:
    return None, facts.Process(origin, Hash32(sender), Address(recipient))


def _process_id(_chain: ChainId, _log: Log, message_id: bytes) -> Decoded:
    return None, facts.ProcessId(Hash32(message_id))


def _dispatch(_chain: ChainId, _log: Log, sender: bytes, destination: int, recipient: bytes, message: bytes) -> Decoded:
    return None, facts.Dispatch(Address(sender), destination, Hash32(recipient), message)


SETTLER_EVENTS: typing.Final = (
    adapter.event("IntentOpened", f"bytes32*,address*,address*,{INTENT_TYPE},uint256", _opened),
    adapter.event("IntentFilled", "bytes32*,address*,address*,address,uint256,uint256,address", _filled),
    adapter.event("IntentSettled", "bytes32*,address*,address,address,uint256", _settled),
    adapter.event("IntentExpired", "bytes32*,uint256", _expired),
    adapter.event("IntentRefunded", "bytes32*,address*,address,uint256", _refunded),
    adapter.event("PayoutCredited", "bytes32*,address*,address,uint256", _credited),
    adapter.event("PayoutClaimed", "address*,address,uint256", _claimed),
    adapter.event("NonceInvalidated", "address*,uint256", _invalidated),
)
REGISTRY_EVENTS: typing.Final = (
    adapter.event("SolverRegistered", "address*,uint256", _registered),
    adapter.event("BondChanged", "address*,uint256,uint256", _bond_changed),
    adapter.event("SolverSlashed", "address*,uint256,bytes32*", _slashed),
)
MAILBOX_EVENTS: typing.Final = (
    adapter.event("Dispatch", "address*,uint32*,bytes32*,bytes", _dispatch),
    adapter.event("DispatchId", "bytes32*", _dispatch_id),
    adapter.event("Process", "uint32*,bytes32*,address*", _process),
    adapter.event("ProcessId", "bytes32*", _process_id),
)
ADAPTER: typing.Final = Adapter(
    Protocol.ORBITAL,
    "1",
    {
        "settler": SETTLER_EVENTS,
        "registry": REGISTRY_EVENTS,
        "mailbox": MAILBOX_EVENTS,
        "pool": orbital_pool.EVENTS,
    },
)
EVENTS: typing.Final[dict[Hash32, EventType]] = adapter.by_topic(ADAPTER.events)


def decode(chain_id: ChainId, log: Log, timestamp: UnixSeconds) -> facts.Fact | None:
    """Return the fact that the log states, None for an event that is not ours. Raises MalformedLog.

    Who emitted it is the caller's check.
    """
    event_type = EVENTS.get(log.topics[0]) if log.topics else None
    return None if event_type is None else adapter.state(event_type, chain_id, log, timestamp)
