"""Announcements on their way out: written with what they announce, taken by the publisher, gone once published."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orbital.storage import sql
from orbital.storage.copy import FEW, copy, text_of
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("outbox")


@dataclass(frozen=True, slots=True)
class Announcement:
    """`topic` is one of intents, auctions, awards, chains, market; `data` is JSON."""

    topic: str
    event: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outgoing:
    seq: int
    announcement: Announcement


async def announce(connection: Connection, announcements: Sequence[Announcement]) -> None:
    """Put announcements into the outbox, in order, in the caller's transaction."""
    await put(connection, [(one.topic, one.event, orjson.dumps(one.data).decode()) for one in announcements])


async def put(connection: Connection, rows: Sequence[tuple[str, str, str]]) -> None:
    """The same for rows of topic, event and JSON text."""
    if len(rows) > FEW:
        lines = [f"{topic}\t{event}\t{text_of(data)}" for topic, event, data in rows]
        await copy(connection, "outbox", ("topic", "event", "data"), lines)
    elif rows:
        await connection.execute(_QUERIES["put"], *zip(*rows, strict=True))


async def take(connection: Connection, limit: int) -> list[Outgoing]:
    """Take the oldest announcements out; they come back if the caller's transaction rolls back."""
    found = await connection.fetch(_QUERIES["take"], limit)
    taken = [Outgoing(row["seq"], Announcement(row["topic"], row["event"], row["data"])) for row in found]
    return sorted(taken, key=lambda outgoing: outgoing.seq)


async def is_empty(connection: Connection) -> bool:
    """Whether nothing waits: the cheap question of an idle publisher."""
    return bool(await connection.fetchval(_QUERIES["is_empty"]))
