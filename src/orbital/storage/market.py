"""What the stream tells of pools: each event as it is indexed, and the prices after it.

Topic `market`. An event has the name of its fact and all of its fields, with chain and block; `PricesChanged` follows
once for each pool that a step of the indexer changed: what each token is worth in the first one at the margin, without
fee, at 18 decimals (null: nothing, or the pool has no price). Readers find their channel by `chain_id` and `pool`.
"""

import typing
from collections.abc import Iterable, Mapping
from typing import Any, Final

from orbital.domain import facts as f
from orbital.domain.orbital import prices, refusals, replay
from orbital.domain.pool_facts import PoolEvent
from orbital.domain.types import Address, ChainId, Hash32
from orbital.storage import facts_json, outbox
from orbital.storage.pool_states import Snapshot

TOPIC: Final = "market"
Place = tuple[Hash32 | None, int]
"""Block and number of a log, which is -1 without a log: which fact it is."""

EVENTS: Final = frozenset(typing.get_args(PoolEvent))
"""What is told here alone."""


def is_of_pool(fact: f.Fact) -> bool:
    return type(fact.event) in EVENTS and fact.position is not None


def place_of(fact: f.Fact) -> Place:
    return (None, -1) if fact.position is None else (fact.position.block_hash, fact.position.log_index)


def announce(
    new: Iterable[f.Fact], appended: Mapping[Place, int], snapshots: Iterable[Snapshot]
) -> list[outbox.Announcement]:
    """Announcements of those facts that the ledger did not have (their `seq` by place), then of prices."""
    told = [(fact, appended[place]) for fact in new if is_of_pool(fact) and (place := place_of(fact)) in appended]
    last: dict[tuple[ChainId, Address], Snapshot] = {(one.chain_id, one.pool): one for one in snapshots} if told else {}
    times = {fact.position.block_hash: fact.timestamp for fact, _ in told if fact.position is not None}
    return [
        *(outbox.Announcement(TOPIC, fact.name, _event(fact, seq)) for fact, seq in told),
        *(
            outbox.Announcement(TOPIC, "PricesChanged", _prices(one, times[one.block_hash]))
            for one in last.values()
            if one.block_hash in times
        ),
    ]


def about(fact: f.Fact) -> dict[str, Any]:
    """Where a pool's fact belongs."""
    event: Any = fact.event
    at = fact.position
    if at is None:
        raise ValueError(f"a pool's fact has a place on a chain: {fact.name}")
    return {"chain_id": at.chain_id, "block_number": at.block_number, "pool": "0x" + event.pool.hex()}


def _event(fact: f.Fact, seq: int) -> dict[str, Any]:
    return {"seq": seq, "timestamp": fact.timestamp} | about(fact) | facts_json.encode(fact.event)


def _prices(one: Snapshot, timestamp: int) -> dict[str, Any]:
    return {
        "timestamp": timestamp,
        "chain_id": one.chain_id,
        "block_number": one.block_number,
        "pool": "0x" + one.pool.hex(),
        "prices": _worth(one.state),
    }


def _worth(state: replay.State) -> list[str | None]:
    try:
        slopes = prices.slopes(replay.pool_of(state), range(len(state.tokens)))
    except refusals.InsufficientLiquidity:
        return [None] * len(state.tokens)
    return [str(one * 10**18 // slopes[0]) if slopes[0] else None for one in slopes]
