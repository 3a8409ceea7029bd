"""The shape of an adapter: what is indexed is data, and one pure function an event makes the fact of a log.

An adapter is one version of one protocol: for each kind of its contracts the events that it may emit. Which contracts
there are on a chain, and in which blocks each of them speaks, is a `Watch`. A decoder is looked up by emitter, topic 0
and block (`indexer.match`), never by an event's name: names and even signatures are shared between protocols.

One log is one fact, or none: the ledger knows a fact by its log. A fact need not belong to an intent.
"""

import collections.abc
import dataclasses
import typing

from orbital.chain.adapters import layout
from orbital.chain.blocks import Log
from orbital.chain.keccak import keccak256
from orbital.domain import facts
from orbital.domain.types import Address, BlockNumber, ChainId, Hash32, IntentId, Protocol, UnixSeconds

Decoded = tuple[IntentId | None, facts.Event]
Build = collections.abc.Callable[..., Decoded]
Decode = collections.abc.Callable[[ChainId, Log], Decoded]


_FIRST_OF_ALL: typing.Final = BlockNumber(0)


@dataclasses.dataclass(frozen=True, slots=True)
class EventType:
    """An event: its name, the hash that stands in topic 0, its decoder."""

    name: str
    topic: Hash32
    decode: Decode


@dataclasses.dataclass(frozen=True, slots=True)
class Adapter:
    """One version of a protocol: the events of each kind of its contracts.

    A log of our own contracts that is not its event's stops the chain: they can't emit it, so address book or node are
    wrong. Foreign contracts are upgraded without asking us and may emit anything: their odd logs are passed over.
    """

    protocol: Protocol
    version: str
    contracts: collections.abc.Mapping[str, tuple[EventType, ...]]

    @property
    def is_ours(self) -> bool:
        return self.protocol is Protocol.ORBITAL

    @property
    def events(self) -> tuple[EventType, ...]:
        return tuple(event for events in self.contracts.values() for event in events)


@dataclasses.dataclass(frozen=True, slots=True)
class Watch:
    """A contract that is heard for `events` of `adapter`, in blocks `first_block` to `last_block`, both included."""

    adapter: Adapter
    address: Address
    events: tuple[EventType, ...]
    first_block: BlockNumber = _FIRST_OF_ALL
    last_block: BlockNumber | None = None

    def hears(self, block: int) -> bool:
        return self.first_block <= block and (self.last_block is None or block <= self.last_block)


def event(name: str, signature: str, build: Build) -> EventType:
    """An event of this signature (see `layout`); `build` gets the chain, the log and the values, indexed ones first."""
    canonical, read = layout.compile_reader(name, signature)

    def decode(chain_id: ChainId, log: Log) -> Decoded:
        return build(chain_id, log, *read(log))

    return EventType(name, keccak256(canonical.encode()), decode)


def state(event_type: EventType, chain_id: ChainId, log: Log, timestamp: UnixSeconds) -> facts.Fact:
    """The fact that a log of this event states. Raises MalformedLog."""
    intent_id, what = event_type.decode(chain_id, log)
    position = facts.Position(chain_id, log.block_number, log.log_index, log.block_hash, log.tx_hash)
    return facts.Fact(intent_id, what, position, timestamp)


def by_topic(events: collections.abc.Iterable[EventType]) -> dict[Hash32, EventType]:
    """Events by topic 0. ValueError for two of one topic: which one a log means would be a guess."""
    found: dict[Hash32, EventType] = {}
    for one in events:
        if found.setdefault(one.topic, one) is not one:
            raise ValueError(f"{one.name} has the topic of {found[one.topic].name}")
    return found
