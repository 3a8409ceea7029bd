"""How solvers compare and what each did, as the service tells of it."""

import datetime as dt
from typing import Any

import msgspec


class Entry(msgspec.Struct, frozen=True):
    """A solver's place; None is what no award says."""

    rank: int
    solver: str
    name: str | None
    reputation: int
    awards: int
    fills: int
    success_bps: int | None
    median_fill_seconds: int | None
    volume_usd_cents: str


class Leaderboard(msgspec.Struct, frozen=True):
    """A page. Those with the same `as_of`, which is None before anything was counted, are of one state."""

    data: list[Entry]
    next_cursor: str | None
    as_of: dt.datetime | None


class Counts(msgspec.Struct, frozen=True):
    """`awards` = `fills` + `lapses`; an `excused` award lapsed because its user moved the funds."""

    bids: int
    awards: int
    fills: int
    lapses: int
    excused: int
    slashes: int


class Volume(msgspec.Struct, frozen=True):
    """What was delivered of a token, in its base units."""

    chain_id: int
    token: str
    symbol: str | None
    amount: str


class Score(msgspec.Struct, frozen=True):
    """`inputs` are all that the score was made of; None, as the day, of a solver that was not scored yet."""

    score: int
    version: int
    as_of: dt.date | None
    inputs: dict[str, Any] | None


class Performance(msgspec.Struct, frozen=True):
    """A solver's figures in a window, over awards that are final and bids that are public."""

    solver: str
    window: str
    as_of: dt.datetime | None
    counts: Counts
    fill_rate_bps: int | None
    median_open_seconds: int | None
    median_fill_seconds: int | None
    price_improvement_bps: int | None
    volume: list[Volume]
    volume_usd_cents: str
    reputation: Score
