"""Auctions, bids and awards: what was promised off chain. Callers hold the intent's row where a decision depends on it.

A round is `open` until the auctioneer closes it with a winner (`closed`) or finds that the intent needs none (`void`).
When its window passes without a valid bid it stays open and `idle`: the next bid starts the window again.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain import auction
from orbital.domain.intent import Award, Bid, Intent
from orbital.domain.types import Address, ChainId, IntentId, UnixSeconds
from orbital.storage import intents, sql
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("auctions")


@dataclass(frozen=True, slots=True)
class OpenRound:
    """`is_running`: the window has not passed by the database's clock (`now`)."""

    round: int
    opened_at: dt.datetime
    closes_at: dt.datetime
    is_idle: bool
    is_running: bool
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class LockedRound:
    """A round whose row this transaction holds. `is_due`: it may be closed. `now`: the database's time."""

    round: int
    closes_at: dt.datetime
    is_idle: bool
    is_due: bool
    now: UnixSeconds


@dataclass(frozen=True, slots=True)
class PendingAuction:
    """What a solver needs to bid. `closes_at` of an idle auction is when it would close if a bid came now."""

    intent_id: IntentId
    intent: Intent
    is_opened: bool
    round: int
    opened_at: dt.datetime
    closes_at: dt.datetime


@dataclass(frozen=True, slots=True)
class RoundRecord:
    """A round for readers, once it is public. `outcome` is what `put_outcome` stored."""

    round: int
    state: str
    opened_at: dt.datetime
    closes_at: dt.datetime
    closed_at: dt.datetime | None
    outcome: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class AwardView:
    """All that the winner needs. `user_signature` is None for an intent that its user opened himself."""

    intent: Intent
    user_signature: bytes | None
    award: Award
    award_signature: bytes
    round: int
    awarded_at: dt.datetime


async def open_round(connection: Connection, intent_id: IntentId, round_: int, window_ms: int) -> dt.datetime | None:
    """Start a sealed round of `window_ms`; returns when it closes, None if it is there already."""
    closes_at: dt.datetime | None = await connection.fetchval(
        _QUERIES["open_round"], intent_id, round_, dt.timedelta(milliseconds=window_ms)
    )
    return closes_at


async def find_open_round(connection: Connection, intent_id: IntentId) -> OpenRound | None:
    row = await connection.fetchrow(_QUERIES["find_open_round"], intent_id)
    if row is None:
        return None
    return OpenRound(row["round"], row["opened_at"], row["closes_at"], row["idle"], row["running"], row["now"])


async def put_bid(
    connection: Connection, bid_id: bytes, bid: Bid, round_: int, signature: bytes, window_ms: int
) -> None:
    """Store a bid, and start the window again if the round is idle. The solver's same last bid again is no new one."""
    if await connection.fetchval(_QUERIES["find_last_bid"], bid.intent_id, round_, bid.solver) == bid_id:
        return
    await connection.execute(
        _QUERIES["put_bid"],
        bid_id,
        bid.intent_id,
        round_,
        bid.solver,
        bid.output_amount,
        bid.valid_until,
        signature,
    )
    window = dt.timedelta(milliseconds=window_ms)
    await connection.execute(_QUERIES["restart_window"], bid.intent_id, round_, window)


async def list_bids(connection: Connection, intent_id: IntentId, round_: int) -> list[auction.Unscored]:
    """All bids of a round in order of arrival."""
    return [
        auction.Unscored(row["seq"], Bid(row["intent_id"], row["solver"], row["output_amount"], row["valid_until"]))
        for row in await connection.fetch(_QUERIES["list_bids"], intent_id, round_)
    ]


async def list_pending(
    connection: Connection,
    solver: Address,
    window_ms: int,
    after: tuple[dt.datetime, IntentId] | None,
    limit: int,
    chain_ids: list[ChainId] | None = None,
    tokens: list[Address] | None = None,
) -> list[PendingAuction]:
    """Open auctions in which this solver may bid, oldest first."""
    opened_at, intent_id = after or (None, None)
    window = dt.timedelta(milliseconds=window_ms)
    found = await connection.fetch(
        _QUERIES["list_pending"], opened_at, intent_id, window, chain_ids, tokens, solver, limit
    )
    return [
        PendingAuction(
            row["intent_id"],
            intents.intent_of(row),
            "open" in row["legs"],
            row["auction_round"],
            row["opened_at"],
            row["closes_at"],
        )
        for row in found
    ]


async def list_due(connection: Connection, limit: int) -> list[tuple[IntentId, int]]:
    """Rounds whose window passed: (intent, round)."""
    return [(row["intent_id"], row["round"]) for row in await connection.fetch(_QUERIES["list_due"], limit)]


async def seconds_to_next_close(connection: Connection) -> float | None:
    """Until the next window passes (0 or less: now); None without an open window."""
    seconds = await connection.fetchval(_QUERIES["next_close"])
    return None if seconds is None else float(seconds)


async def lock_round(connection: Connection, intent_id: IntentId, round_: int) -> LockedRound | None:
    """The open round, held by this transaction; None if it is not open any more. After the intent's row."""
    row = await connection.fetchrow(_QUERIES["lock_round"], intent_id, round_)
    if row is None:
        return None
    return LockedRound(row["round"], row["closes_at"], row["idle"], row["due"], row["now"])


async def close_round(
    connection: Connection, intent_id: IntentId, round_: int, state: str, outcome: Mapping[str, Any] | None
) -> None:
    """End a round as `closed` or `void`, with everything that its ranking read and said."""
    await connection.execute(_QUERIES["close_round"], intent_id, round_, state, outcome)


async def idle_round(connection: Connection, intent_id: IntentId, round_: int, outcome: Mapping[str, Any]) -> None:
    """The window passed without a valid bid: wait for one."""
    await connection.execute(_QUERIES["idle_round"], intent_id, round_, outcome)


async def list_void(connection: Connection, limit: int) -> list[tuple[IntentId, int]]:
    """Open rounds whose intent needs no award any more."""
    return [(row["intent_id"], row["round"]) for row in await connection.fetch(_QUERIES["list_void"], limit)]


async def list_unauctioned(connection: Connection, auctioneer: Address, limit: int) -> list[IntentId]:
    """Intents that may have a round and have none open."""
    return [row["intent_id"] for row in await connection.fetch(_QUERIES["list_unauctioned"], auctioneer, limit)]


async def list_reopenable(connection: Connection, auctioneer: Address, limit: int) -> list[IntentId]:
    """Delivered intents that are not open any more and whose solver has no live award to open them again."""
    return [row["intent_id"] for row in await connection.fetch(_QUERIES["list_reopenable"], auctioneer, limit)]


async def list_unjudged(
    connection: Connection, auctioneer: Address, limit: int, except_origins: Sequence[ChainId] = ()
) -> list[IntentId]:
    """Intents with a lapsed award that still lacks its verdict, without those of some origin chains."""
    found = await connection.fetch(_QUERIES["list_unjudged"], auctioneer, limit, list(except_origins))
    return [row["intent_id"] for row in found]


async def last_round(connection: Connection, intent_id: IntentId) -> int:
    """The number of the last round, 0 without one."""
    return int(await connection.fetchval(_QUERIES["last_round"], intent_id))


async def list_rounds(connection: Connection, intent_id: IntentId) -> list[RoundRecord]:
    """Every round, for when the auction is public."""
    return [
        RoundRecord(row["round"], row["state"], row["opened_at"], row["closes_at"], row["closed_at"], row["outcome"])
        for row in await connection.fetch(_QUERIES["list_rounds"], intent_id)
    ]


async def put_award(connection: Connection, award: Award, round_: int, signature: bytes, epoch: int) -> None:
    """Store an award; a second one for the same round is a database error."""
    await connection.execute(
        _QUERIES["put_award"],
        award.intent_id,
        round_,
        award.solver,
        award.output_amount,
        award.open_by,
        award.fill_by,
        signature,
        epoch,
    )


async def find_award(connection: Connection, intent_id: IntentId, solver: Address) -> AwardView | None:
    """The solver's latest award for an intent."""
    row = await connection.fetchrow(_QUERIES["find_award"], intent_id, solver)
    return None if row is None else _award_of(row)


async def list_awards(
    connection: Connection,
    solver: Address,
    *,
    live: bool,
    after: tuple[dt.datetime, IntentId] | None,
    limit: int,
) -> list[AwardView]:
    """A solver's awards, newest first; `live` keeps those that can still be used."""
    awarded_at, intent_id = after or (None, None)
    found = await connection.fetch(_QUERIES["list_awards"], solver, live, awarded_at, intent_id, limit)
    return [_award_of(row) for row in found]


async def list_winners(connection: Connection, solvers: Collection[Address], seconds: float) -> set[Address]:
    """Those of these solvers that were awarded something in the last so many seconds."""
    found = await connection.fetch(_QUERIES["list_winners"], list(solvers), seconds)
    return {Address(row["solver"]) for row in found}


def _award_of(row: Row) -> AwardView:
    return AwardView(
        intent=intents.intent_of(row),
        user_signature=row["user_signature"],
        award=Award(
            row["intent_id"],
            row["award_solver"],
            row["award_output"],
            row["award_open_by"],
            row["award_fill_by"],
        ),
        award_signature=row["award_signature"],
        round=row["award_round"],
        awarded_at=row["awarded_at"],
    )
