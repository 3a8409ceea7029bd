"""A key has one attempt at a time, and what is old is forgotten."""

import pytest

from orbital.domain.errors import Conflict
from orbital.storage import idempotency

ONE = b"\1" * 32
ANSWER = idempotency.Answer(201, b"\0 bytes", "application/json", "/here")


async def age(connection, key, interval):
    sql = "UPDATE idempotency_keys SET started_at = now() - $2::text::interval WHERE key = $1"
    await connection.execute(sql, key, interval)


async def test_an_attempt_given_up_for_dead_stores_nothing(connection):
    dead = await idempotency.begin(connection, "me", "k", ONE)
    await age(connection, "k", "61 seconds")
    alive = await idempotency.begin(connection, "me", "k", ONE)
    await idempotency.finish(connection, dead, ANSWER)
    await idempotency.release(connection, dead)
    with pytest.raises(Conflict, match="idempotency_in_flight"):
        await idempotency.begin(connection, "me", "k", ONE)
    await idempotency.finish(connection, alive, ANSWER)
    assert await idempotency.begin(connection, "me", "k", ONE) == ANSWER


async def test_an_answer_is_not_given_back_by_a_late_release(connection):
    attempt = await idempotency.begin(connection, "me", "k", ONE)
    await idempotency.finish(connection, attempt, ANSWER)
    await idempotency.release(connection, attempt)
    assert await idempotency.begin(connection, "me", "k", ONE) == ANSWER


async def test_only_what_is_a_day_old_is_dropped(connection):
    for key in ("new", "old"):
        attempt = await idempotency.begin(connection, "me", key, ONE)
        await idempotency.finish(connection, attempt, ANSWER)
    await age(connection, "new", "23 hours 59 minutes")
    await age(connection, "old", "24 hours 1 minute")
    await idempotency.drop_old(connection)
    assert [row["key"] for row in await connection.fetch("SELECT key FROM idempotency_keys")] == ["new"]
