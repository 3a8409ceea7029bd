"""Awards that came to an end which no reorg can change: what reputation and standings are counted from.

How an award ended is a function of final facts alone, whenever it is asked: so a row is written once and never changes,
and a rebuild gives the same row. It lapsed when the final verdict on it says so, by the solver's fault (`lapsed`) or
the user's (`excused`). It was `filled` when its solver's delivery counts, that is when open and fill are both final; of
several awards to him for one intent the first that did not lapse is, the others are `superseded`. An award that was
outrun by another solver's delivery before anybody judged it never ends, and counts for nothing.

Only a rewind below what was final takes rows back. It holds the lease of whoever concludes for as long as that takes.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orbital.domain.reputation import Result
from orbital.domain.types import BlockNumber, ChainId, IntentId
from orbital.storage import leases, sql
from orbital.storage.pool import Connection

LEASE: Final = "analytics"
"""Of whoever concludes awards and scores solvers."""

_QUERIES: Final = sql.load("conclusions")


@dataclass(frozen=True, slots=True)
class Place:
    """Of an award among those that are not concluded yet."""

    created_at: dt.datetime
    intent_id: IntentId
    round: int


async def list_unconcluded(connection: Connection, after: Place | None, limit: int) -> list[Place]:
    """Awards that are not concluded, oldest first."""
    place = (None, None, None) if after is None else (after.created_at, after.intent_id, after.round)
    found = await connection.fetch(_QUERIES["list_unconcluded"], *place, limit)
    return [Place(*row) for row in found]


async def conclude(connection: Connection, intent_ids: Sequence[IntentId]) -> Mapping[Result, int]:
    """Conclude those awards of these intents that have ended; how many by how. Their solvers' scores are due then."""
    found = await connection.fetch(_QUERIES["conclude"], list(intent_ids))
    return {Result(row["result"]): row["awards"] for row in found}


async def hold(connection: Connection) -> None:
    """Nobody else concludes or scores until this transaction ends, were it the first that ever does."""
    await leases.shut(connection, LEASE)


async def forget_above(connection: Connection, chain_id: ChainId, above: BlockNumber) -> None:
    """Take back what rests on blocks above this one, before they fall. The caller holds."""
    found = await connection.fetch(_QUERIES["list_touched"], chain_id, above)
    await connection.execute(_QUERIES["forget"], [row["intent_id"] for row in found])


async def rebuild(connection: Connection, after: IntentId, limit: int) -> IntentId | None:
    """Conclude the awards of the next intents anew; the last of them, or None when there is none. The caller holds."""
    wanted = [row["intent_id"] for row in await connection.fetch(_QUERIES["list_awarded"], after, limit)]
    if not wanted:
        await connection.execute(_QUERIES["forget_lost"])
        return None
    await connection.execute(_QUERIES["forget"], wanted)
    await conclude(connection, wanted)
    return IntentId(wanted[-1])
