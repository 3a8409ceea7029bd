"""Stored reputations: one row for every solver that is known, made of final facts, concluded awards and bids alone.

A score is due when an award of the solver was concluded, a slash became final, or its day is over; counting it again
of the same day gives the same, but for `scored_at`. A solver without a row is one whom nobody has looked at yet, and is
weighed as a new one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain import reputation
from orbital.domain.reputation import Day, Record, Score
from orbital.domain.types import Address, BlockNumber, ChainId
from orbital.storage import sql
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("scores")


@dataclass(frozen=True, slots=True)
class Known:
    address: Address
    is_scored: bool


async def list_due(connection: Connection, limit: int, but: Collection[Address] = ()) -> list[Address]:
    """Solvers whose score is not what it should be by now, without some of them."""
    today = await _load_today(connection)
    slashed_from = today - reputation.SLASHES_SEEN_DAYS + 1
    found = await connection.fetch(_QUERIES["list_due"], today, slashed_from, limit, list(but))
    return [row["address"] for row in found]


async def list_known(connection: Connection, after: Address, limit: int) -> list[Known]:
    """Solvers of whom a chain or a profile tells, in order of their addresses."""
    return [Known(*row) for row in await connection.fetch(_QUERIES["list_known"], after, limit)]


async def score(connection: Connection, addresses: Sequence[Address]) -> None:
    """Count and store what these solvers are worth today; whoever vanished meanwhile has no score."""
    today = await _load_today(connection)
    records = await load_records(connection, addresses, today)
    scored = [(address, reputation.score(record), record) for address, record in sorted(records.items())]
    await connection.execute(_QUERIES["hold_solvers"], list(addresses))
    await connection.execute(
        _QUERIES["put"],
        [address for address, _, _ in scored],
        [one.reputation for _, one, _ in scored],
        [_inputs(one, record) for _, one, record in scored],
        reputation.VERSION,
        today,
    )
    await connection.execute(_QUERIES["drop_unknown"], list(addresses))


async def load_records(connection: Connection, addresses: Sequence[Address], today: int) -> dict[Address, Record]:
    """What these solvers did, as of a UTC day counted from 1970."""
    found = await connection.fetch(
        _QUERIES["load_records"],
        list(addresses),
        today,
        reputation.AWARDS_SEEN_DAYS,
        reputation.RECENT_DAYS,
        reputation.AWARDS_A_USER_AND_DAY,
        reputation.SLASHES_SEEN_DAYS,
    )
    return {row["address"]: _record_of(row, today) for row in found}


async def want_above(connection: Connection, chain_id: ChainId, above: BlockNumber) -> None:
    """Scores that rest on blocks above this one, which are about to fall, are due."""
    await connection.execute(_QUERIES["want"], chain_id, above)


async def drop_unknown(connection: Connection) -> None:
    """Forget solvers of whom neither a chain nor a profile tells."""
    await connection.execute(_QUERIES["drop_unknown"], None)


async def _load_today(connection: Connection) -> int:
    return int(await connection.fetchval(_QUERIES["today"]))


def _record_of(row: Row, today: int) -> Record:
    return Record(
        days=[Day(*day) for day in row["days"]],
        median_fill_seconds=row["median_fill_seconds"],
        mean_improvement_ppm=row["mean_improvement_ppm"],
        days_with_bids=row["days_with_bids"],
        is_new=reputation.is_new(row["registered_at"], today),
        slashes=row["slashes"],
    )


def _inputs(scored: Score, record: Record) -> Mapping[str, Any]:
    """Everything that the formula reads, and its parts. Public."""
    return {
        "filled_ppm": scored.filled_ppm,
        "awarded_ppm": scored.awarded_ppm,
        "median_fill_seconds": record.median_fill_seconds,
        "mean_improvement_ppm": record.mean_improvement_ppm,
        "days_with_bids": record.days_with_bids,
        "is_new": record.is_new,
        "slashes": record.slashes,
        "reliability_ppm": scored.reliability_ppm,
        "speed_ppm": scored.speed_ppm,
        "price_ppm": scored.price_ppm,
        "activity_ppm": scored.activity_ppm,
    }
