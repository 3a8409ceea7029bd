"""Our own protocol: logs of settler, registry, mailbox and pools (`orbital_pool`) as facts, all of it pure.

Every event but `Dispatch` is fixed-width words, read in one `struct` call. Who emitted a log is not looked at here;
`IntentFilled` carries its emitter on. The builders take the words as what their layout says they are.
"""

import collections.abc
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
_amount = typing.cast("collections.abc.Callable[[bytes], Amount]", int.from_bytes)
_chain_id = typing.cast("collections.abc.Callable[[bytes], ChainId]", int.from_bytes)


def _opened(
    _chain: ChainId,
    log: Log,
    intent_id: IntentId,
    indexed_user: bytes,
    solver: Address,
    user: Address,
    recipient: Address,
    origin: bytes,
    destination: bytes,
    input_token: Address,
    input_amount: bytes,
    output_token: Address,
    min_output_amount: bytes,
    nonce: bytes,
    open_deadline: UnixSeconds,
    fill_deadline: UnixSeconds,
    auctioneer: Address,
    output_amount: bytes,
) -> Decoded:
    if indexed_user != user:
        raise MalformedLog("IntentOpened", log, "its user is not the intent's")
    intent = Intent(
        user,
        recipient,
        _chain_id(origin),
        _chain_id(destination),
        input_token,
        _amount(input_amount),
        output_token,
        _amount(min_output_amount),
        _int(nonce),
        open_deadline,
        fill_deadline,
        auctioneer,
    )
    return intent_id, facts.IntentOpened(intent, solver, _amount(output_amount))


def _filled(
    _chain: ChainId,
    log: Log,
    intent_id: IntentId,
    solver: Address,
    recipient: Address,
    output_token: Address,
    output_amount: bytes,
    origin: bytes,
    repay_to: Address,
) -> Decoded:
    event = facts.IntentFilled(
        log.address,
        solver,
        recipient,
        output_token,
        _amount(output_amount),
        _chain_id(origin),
        repay_to,
    )
    return intent_id, event


def _settled(
    _chain: ChainId, _log: Log, intent_id: IntentId, solver: Address, repay_to: Address, token: Address, amount: bytes
) -> Decoded:
    event = facts.IntentSettled(solver, repay_to, token, _amount(amount))
    return intent_id, event


def _expired(_chain: ChainId, _log: Log, intent_id: IntentId, origin: bytes) -> Decoded:
    return intent_id, facts.IntentExpired(_chain_id(origin))


def _refunded(_chain: ChainId, _log: Log, intent_id: IntentId, user: Address, token: Address, amount: bytes) -> Decoded:
    return intent_id, facts.IntentRefunded(user, token, _amount(amount))


def _credited(
    _chain: ChainId, _log: Log, intent_id: IntentId, account: Address, token: Address, amount: bytes
) -> Decoded:
    return intent_id, facts.PayoutCredited(account, token, _amount(amount))


def _claimed(_chain: ChainId, _log: Log, account: Address, token: Address, amount: bytes) -> Decoded:
    return None, facts.PayoutClaimed(account, token, _amount(amount))


def _invalidated(_chain: ChainId, _log: Log, user: Address, nonce: bytes) -> Decoded:
    return None, facts.NonceInvalidated(user, _int(nonce))


def _registered(_chain: ChainId, _log: Log, solver: Address, bond: bytes) -> Decoded:
    return None, facts.SolverRegistered(solver, _amount(bond))


def _bond_changed(_chain: ChainId, _log: Log, solver: Address, bond: bytes, in_withdrawal: bytes) -> Decoded:
    return None, facts.BondChanged(solver, _amount(bond), _amount(in_withdrawal))


def _slashed(_chain: ChainId, _log: Log, solver: Address, intent_id: IntentId, amount: bytes) -> Decoded:
    return None, facts.SolverSlashed(solver, _amount(amount), intent_id)


def _dispatch_id(_chain: ChainId, _log: Log, message_id: Hash32) -> Decoded:
    return None, facts.DispatchId(message_id)


def _process(_chain: ChainId, _log: Log, origin: int, sender: Hash32, recipient: Address) -> Decoded:
    return None, facts.Process(origin, sender, recipient)


def _process_id(_chain: ChainId, _log: Log, message_id: Hash32) -> Decoded:
    return None, facts.ProcessId(message_id)


def _dispatch(
    _chain: ChainId, _log: Log, sender: Address, destination: int, recipient: Hash32, message: bytes
) -> Decoded:
    return None, facts.Dispatch(sender, destination, recipient, message)


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
