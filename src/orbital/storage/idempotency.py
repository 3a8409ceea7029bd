"""Requests that are carried out once per key, and what they were answered.

Of any number of attempts with one key exactly one begins; the others find its answer, or that it is in flight. An
attempt whose process died is given up after `IN_FLIGHT_SECONDS`: the next one begins anew, and the dead one, should it
come back, stores nothing. The database's clock decides.
"""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from orbital.domain.errors import Conflict, Rejected
from orbital.storage import sql
from orbital.storage.pool import Connection

KEPT_SECONDS: Final = 24 * 3600
IN_FLIGHT_SECONDS: Final = 60
DROPPED_AT_ONCE: Final = 1000

_KEPT: Final = dt.timedelta(seconds=KEPT_SECONDS)
_IN_FLIGHT: Final = dt.timedelta(seconds=IN_FLIGHT_SECONDS)
_QUERIES: Final = sql.load("idempotency")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt at a request, which is ours to carry out. `caller` is who used the key."""

    caller: str
    key: str
    attempt: uuid.UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status, the body as sent, and the headers that belong to them."""

    status: int
    body: bytes
    media_type: str | None
    location: str | None


async def begin(connection: Connection, caller: str, key: str, fingerprint: bytes) -> Attempt | Answer:
    """The attempt to carry out, or the answer of an earlier one. `fingerprint` has 32 bytes and names the request.

    Raises Rejected `idempotency_key_reused` for another request, Conflict `idempotency_in_flight` while another attempt
    is under way.
    """
    made = Attempt(caller, key, uuid.uuid4())
    began = await connection.fetchval(_QUERIES["begin"], caller, key, fingerprint, made.attempt, _KEPT, _IN_FLIGHT)
    if began is not None:
        return made
    row = await connection.fetchrow(_QUERIES["find"], caller, key)
    if row is not None and row["fingerprint"] != fingerprint:
        raise Rejected("idempotency_key_reused", "This Idempotency-Key was used for another request.")
    if row is None or row["status"] is None:  # no row: the other attempt failed between the two statements
        raise Conflict("idempotency_in_flight", "The first request with this Idempotency-Key is still under way.")
    return Answer(row["status"], row["body"], row["media_type"], row["location"])


async def finish(connection: Connection, attempt: Attempt, answer: Answer) -> None:
    """Keep the answer, unless the attempt was given up meanwhile."""
    await connection.execute(
        _QUERIES["finish"],
        attempt.caller,
        attempt.key,
        attempt.attempt,
        answer.status,
        answer.media_type,
        answer.location,
        answer.body,
    )


async def release(connection: Connection, attempt: Attempt) -> None:
    """Give the key back: this attempt has no answer worth keeping."""
    await connection.execute(_QUERIES["release"], attempt.caller, attempt.key, attempt.attempt)


async def drop_old(connection: Connection) -> None:
    """Forget some of what is too old to be repeated."""
    await connection.execute(_QUERIES["drop_old"], _KEPT, DROPPED_AT_ONCE)
