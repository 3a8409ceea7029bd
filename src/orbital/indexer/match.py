"""Logs as facts: pure. Only configured contracts of this chain are heard, each for its own events in its own blocks.

A decoder is found by emitter, topic 0 and block. What is heard with the same emitter and topic in the same block twice
is refused when the sources are put together: what such a log means would be a guess.

The registry speaks on its home chain alone: the same address elsewhere is another contract, or nobody's.
"""

import itertools
import operator
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from orbital.chain.adapters import adapter, known, orbital
from orbital.chain.adapters.adapter import EventType, Watch
from orbital.chain.adapters.malformed import MalformedLog
from orbital.chain.blocks import Header, Log
from orbital.domain import facts
from orbital.domain.errors import Corrupt, Rejected
from orbital.domain.network import ForeignContract, Network
from orbital.domain.types import Address, ChainId, Hash32, UnixSeconds


@dataclass(frozen=True, slots=True)
class Sources:
    """Who is heard on a chain. `heard` has what each contract's topic means, by first block."""

    heard: Mapping[tuple[Address, Hash32], tuple[tuple[Watch, EventType], ...]]

    @property
    def addresses(self) -> Collection[Address]:
        return {address for address, _ in self.heard}

    @property
    def topics(self) -> Collection[Hash32]:
        return {topic for _, topic in self.heard}


@dataclass(frozen=True, slots=True)
class Matched:
    """Facts in chain order, and the malformed logs of foreign contracts, which were passed over."""

    facts: list[facts.Fact]
    odd: list[tuple[Watch, MalformedLog]]


def sources_of(network: Network, chain_id: ChainId) -> Sources:
    """The contracts of one chain: those of the deployment, and those of foreign protocols that are watched.

    Rejected `invalid_contracts` when a log would have two meanings, or an adapter is unknown.
    """
    chain = network.get_chain(chain_id)
    ours = [(chain.settler, "settler"), (chain.mailbox, "mailbox"), *((one, "pool") for one in chain.pools)]
    if chain_id == network.registry_chain_id:
        ours.append((network.registry, "registry"))
    watches = [Watch(orbital.ADAPTER, address, orbital.ADAPTER.contracts[kind]) for address, kind in ours]
    return listen(watches + [watch for one in chain.foreign for watch in _watches_of(one)])


def listen(watches: Iterable[Watch]) -> Sources:
    """These watches by what they hear. Rejected `invalid_contracts` when a log would have two meanings."""
    heard: dict[tuple[Address, Hash32], list[tuple[Watch, EventType]]] = {}
    for watch in watches:
        for event in watch.events:
            heard.setdefault((watch.address, event.topic), []).append((watch, event))
    for found in heard.values():
        found.sort(key=lambda one: one[0].first_block)
        for (earlier, event), (later, _) in itertools.pairwise(found):
            if earlier.hears(later.first_block):
                raise Rejected(
                    "invalid_contracts",
                    f"0x{later.address.hex()} is listed twice for {event.name} from block {later.first_block} on.",
                )
    return Sources({key: tuple(found) for key, found in heard.items()})


def match_logs(chain_id: ChainId, sources: Sources, headers: Iterable[Header], logs: Iterable[Log]) -> Matched:
    """What these blocks' logs state. Corrupt for a log of none of the blocks, and for our contracts' malformed ones."""
    matched = Matched([], [])
    match_some(matched, chain_id, sources, times_of(headers), in_chain_order(logs))
    return matched


def times_of(headers: Iterable[Header]) -> Mapping[Hash32, UnixSeconds]:
    return {header.hash: header.timestamp for header in headers}


def in_chain_order(logs: Iterable[Log]) -> list[Log]:
    return sorted(logs, key=operator.attrgetter("block_number", "log_index"))


def match_some(
    matched: Matched, chain_id: ChainId, sources: Sources, times: Mapping[Hash32, UnixSeconds], logs: Iterable[Log]
) -> None:
    """Add what some logs state, of blocks of these times: `match_logs` in parts."""
    for log in logs:
        for watch, event in sources.heard.get((log.address, log.topics[0]), ()) if log.topics else ():
            if not watch.hears(log.block_number):
                continue
            time = times.get(log.block_hash)
            if time is None:
                raise Corrupt("foreign_log", f"A log of block {log.block_number} is of none of the blocks asked for.")
            try:
                matched.facts.append(adapter.state(event, chain_id, log, time))
            except MalformedLog as odd:
                if watch.adapter.is_ours:
                    raise
                matched.odd.append((watch, odd))


def _watches_of(contract: ForeignContract) -> list[Watch]:
    versions = known.versions_of(contract.protocol)
    wanted = [contract.version] if contract.version else list(versions)
    if not set(wanted) <= set(versions):
        raise Rejected("invalid_contracts", f"{contract.protocol} has no version {contract.version} here.")
    return [
        Watch(versions[one], contract.address, versions[one].events, contract.first_block, contract.last_block)
        for one in wanted
    ]
