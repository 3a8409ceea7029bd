"""Announcements on their way out: written with what they announce, taken by the publisher, gone once published.

Most tell of a fact, and the ledger has it already: so what waits of it is its number and how its intent stood when it
was written, many facts to a row, and the publisher puts the announcement together. Others wait as they go out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orbital.domain.lifecycle import Anomaly, Status
from orbital.storage import sql
from orbital.storage.copy import FEW, copy, text_of
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("outbox")
_FACTS_A_ROW: Final = 500


@dataclass(frozen=True, slots=True)
class Announcement:
    """`topic` is one of intents, auctions, awards, chains, market; `data` is JSON."""

    topic: str
    event: str
    data: dict[str, Any]


Told = tuple[int, Status | None, Anomaly | None]
"""A fact by its `seq`, and how its intent stands; None of a fact that is about no intent."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An announcement and the `seq` of the row in which it waited."""

    seq: int
    announcement: Announcement


async def announce(connection: Connection, announcements: Sequence[Announcement]) -> None:
    """Put announcements into the outbox, in order, in the caller's transaction."""
    rows = [(one.topic, one.event, orjson.dumps(one.data).decode()) for one in announcements]
    if len(rows) > FEW:
        lines = [f"{topic}\t{event}\t{text_of(data)}" for topic, event, data in rows]
        await copy(connection, "outbox", ("topic", "event", "data"), lines)
    elif rows:
        await connection.execute(_QUERIES["put"], *zip(*rows, strict=True))


async def announce_facts(connection: Connection, told: Sequence[Told]) -> None:
    """The same of facts that are in the ledger."""
    rows = [told[first : first + _FACTS_A_ROW] for first in range(0, len(told), _FACTS_A_ROW)]
    await connection.executemany(_QUERIES["put_facts"], [(row, len(row)) for row in rows])


async def take(connection: Connection, limit: int) -> list[Outgoing]:
    """Take the oldest announcements out; they come back if the caller's transaction rolls back.

    Whole rows: the last one may hold more than were wanted.
    """
    found = sorted(await connection.fetch(_QUERIES["take"], limit), key=lambda row: row["seq"])
    wanted = [seq for row in found if row["topic"] is None for seq, _, _ in row["data"]]
    facts = {row["seq"]: row for row in await connection.fetch(_QUERIES["list_facts"], wanted)} if wanted else {}
    return [Outgoing(row["seq"], one) for row in found for one in _of(row, facts)]


async def is_empty(connection: Connection) -> bool:
    """Whether nothing waits: the cheap question of an idle publisher."""
    return bool(await connection.fetchval(_QUERIES["is_empty"]))


def _of(row: Row, facts: Mapping[int, Row]) -> list[Announcement]:
    if row["topic"] is not None:
        return [Announcement(row["topic"], row["event"], row["data"])]
    return [_of_fact(facts[seq], status, anomaly) for seq, status, anomaly in row["data"]]


def _of_fact(fact: Row, status: str | None, anomaly: str | None) -> Announcement:
    data: dict[str, Any] = {"seq": fact["seq"], "timestamp": fact["timestamp"]}
    if fact["intent_id"] is not None:
        data |= {"intent_id": "0x" + fact["intent_id"].hex(), "status": status, "anomaly": anomaly}
    if fact["actor"] is not None:
        data["actor"] = "0x" + fact["actor"].hex()
    return Announcement("chains" if fact["intent_id"] is None else "intents", fact["name"], data)
