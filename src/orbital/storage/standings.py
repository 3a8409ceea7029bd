"""What solvers did in each window, counted now and then and read as it was counted.

Counting reads all of a window and takes the longer the more there is, so no reader counts: a page of the leaderboard is
read off an index of places, a solver's figures off its row. Only what can't change any more counts: awards that are
concluded, slashes in verified blocks; and bids that anybody may read, so that nothing tells of a sealed one.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain import auction, reputation
from orbital.domain.network import Token
from orbital.domain.standings import Sort, Window
from orbital.domain.types import Address, Amount, ChainId, UnixSeconds
from orbital.storage import sql
from orbital.storage.pool import Connection, Row

Mark = tuple[Any, ...]
"""Differs once something was told that standings are counted from; only fit to be compared."""

_QUERIES: Final = sql.load("standings")
_DECIMALS_MAX: Final = 36
_PLACES: Final = {sort: f"place_{sort.value}" for sort in Sort}


@dataclass(frozen=True, slots=True)
class Seen:
    """`now` is the database's time."""

    now: UnixSeconds
    mark: Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """A solver's place, from 1. What is counted from no award is None."""

    place: int
    solver: Address
    name: str | None
    reputation: int
    awards: int
    fills: int
    success_bps: int | None
    median_fill_seconds: int | None
    volume_usd_cents: int


@dataclass(frozen=True, slots=True)
class Page:
    """Places as they were `counted_at`; None before anything was."""

    counted_at: dt.datetime | None
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Volume:
    """What was delivered of a token, in its base units."""

    chain_id: ChainId
    token: Address
    amount: Amount


@dataclass(frozen=True, slots=True)
class Score:
    """`as_of` and `inputs` are None of a solver that nobody scored yet."""

    reputation: int
    version: int
    as_of: dt.date | None
    inputs: Any


@dataclass(frozen=True, slots=True)
class Performance:
    """`awards` are those that were filled and those that lapsed by the solver's fault; `excused` ones stand aside."""

    counted_at: dt.datetime | None
    bids: int
    awards: int
    fills: int
    excused: int
    slashes: int
    success_bps: int | None
    median_open_seconds: int | None
    median_fill_seconds: int | None
    price_improvement_bps: int | None
    volumes: Sequence[Volume]
    volume_usd_cents: int
    score: Score


async def look(connection: Connection) -> Seen:
    """Whether there may be something to count: cheap, at any number of rows."""
    (row,) = await connection.fetch(_QUERIES["look"])
    now, *mark = row
    return Seen(now, tuple(mark))


async def refresh(connection: Connection, window: Window, tokens: Iterable[Token]) -> UnixSeconds | None:
    """Count a window anew, for all known solvers; readers see it when the surrounding transaction commits.

    Returns when the first of what was counted leaves the window, by the database's clock; None when nothing will.
    """
    now: int = await connection.fetchval(_QUERIES["now"])
    since = 0 if window.seconds is None else now - window.seconds
    prices = [(one.chain_id, one.address, _weight_of(one, micro)) for one in tokens if (micro := one.usd_micro)]
    columns = [list(column) for column in zip(*prices, strict=True)] or [[], [], []]
    await connection.execute(_QUERIES["plan_anew"])
    await connection.execute(_QUERIES["count_window"], window.value, since, *columns, auction.NEW_SOLVER_REPUTATION)
    await connection.execute(_QUERIES["drop_unknown"], window.value)
    await connection.execute(_QUERIES["put_count"], window.value)
    if window.seconds is None:
        return None
    first: int | None = await connection.fetchval(_QUERIES["find_first"], since)
    return None if first is None else UnixSeconds(first + window.seconds + 1)


async def list_page(connection: Connection, window: Window, sort: Sort, after: int, limit: int) -> Page:
    """Up to `limit` places after the place `after`, all of one counting."""
    found = await connection.fetch(_QUERIES["list_page"].format(place=_PLACES[sort]), window.value, after, limit)
    counted_at = found[0]["counted_at"] if found else None
    return Page(counted_at, [_entry_of(row) for row in found if row["address"] is not None])


async def find_performance(connection: Connection, solver: Address, window: Window) -> Performance | None:
    """A solver's figures as they were last counted, nothing before that; None for one that is not known."""
    row = await connection.fetchrow(_QUERIES["find_performance"], solver, window.value)
    return None if row is None else _performance_of(row)


def _weight_of(token: Token, usd_micro: int) -> int:
    return int(usd_micro * 10 ** (_DECIMALS_MAX - token.decimals))


def _entry_of(row: Row) -> Entry:
    return Entry(
        row["place"],
        row["address"],
        row["name"],
        row["reputation"],
        row["awards"],
        row["fills"],
        row["success_bps"],
        row["median_fill_seconds"],
        row["volume_usd_cents"],
    )


def _performance_of(row: Row) -> Performance:
    return Performance(
        counted_at=row["counted_at"],
        bids=row["bids"] or 0,
        awards=row["awards"] or 0,
        fills=row["fills"] or 0,
        excused=row["excused"] or 0,
        slashes=row["slashes"] or 0,
        success_bps=row["success_bps"],
        median_open_seconds=row["median_open_seconds"],
        median_fill_seconds=row["median_fill_seconds"],
        price_improvement_bps=row["price_improvement_bps"],
        volumes=[_volume_of(one) for one in row["volumes"] or ()],
        volume_usd_cents=row["volume_usd_cents"] or 0,
        score=_score_of(row),
    )


def _score_of(row: Row) -> Score:
    if not row["inputs"]:  # none, or the score that a new profile starts with
        return Score(auction.NEW_SOLVER_REPUTATION, reputation.VERSION, None, None)
    return Score(row["reputation"], row["version"], row["as_of"], row["inputs"])


def _volume_of(plain: dict[str, Any]) -> Volume:
    token = Address(bytes.fromhex(plain["token"][2:]))
    return Volume(ChainId(plain["chain_id"]), token, Amount(int(plain["amount"])))
