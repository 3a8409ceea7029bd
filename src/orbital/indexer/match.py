"""Logs as facts: pure. Only configured contracts of this chain are heard, each for its own events.

The registry speaks on its home chain alone: the same address elsewhere is another contract, or nobody's.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orbital.chain.adapters import orbital
from orbital.chain.blocks import Header, Log
from orbital.domain import facts
from orbital.domain.errors import Corrupt
from orbital.domain.network import Network
from orbital.domain.types import Address, ChainId, Hash32

_SETTLER: Final = frozenset(event.topic for event in orbital.SETTLER_EVENTS)
_MAILBOX: Final = frozenset(event.topic for event in orbital.MAILBOX_EVENTS)
_REGISTRY: Final = frozenset(event.topic for event in orbital.REGISTRY_EVENTS)


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is heard on a chain: the events (topic 0) that each contract may emit."""

    events: Mapping[Address, frozenset[Hash32]]

    @property
    def addresses(self) -> Collection[Address]:
        return self.events.keys()

    @property
    def topics(self) -> Collection[Hash32]:
        return frozenset[Hash32]().union(*self.events.values())


def sources_of(network: Network, chain_id: ChainId) -> Sources:
    """The contracts of one chain of the deployment."""
    chain = network.get_chain(chain_id)
    events = {chain.settler: _SETTLER}
    events[chain.mailbox] = events.get(chain.mailbox, frozenset()) | _MAILBOX
    if chain_id == network.registry_chain_id:
        events[network.registry] = events.get(network.registry, frozenset()) | _REGISTRY
    return Sources(events)


def match_logs(chain_id: ChainId, sources: Sources, headers: Iterable[Header], logs: Iterable[Log]) -> list[facts.Fact]:
    """The facts that these blocks' logs state, in chain order. Corrupt for a log of none of the blocks."""
    times = {header.hash: header.timestamp for header in headers}
    found: list[facts.Fact] = []
    for log in sorted(logs, key=lambda log: (log.block_number, log.log_index)):
        if not log.topics or log.topics[0] not in sources.events.get(log.address, ()):
            continue
        if log.block_hash not in times:
            raise Corrupt("foreign_log", f"A log of block {log.block_number} is of none of the blocks asked for.")
        fact = orbital.decode(chain_id, log, times[log.block_hash])
        if fact is not None:
            found.append(fact)
    return found
