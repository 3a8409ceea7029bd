"""Whoever writes the scores of several solvers holds them in one order, so two of them can't wait for each other."""

import asyncio

import pytest

from orbital.domain import facts
from orbital.domain.types import Address, Amount
from orbital.storage import conclusions, pool, projection, scores

LOW, HIGH = Address(b"\x01" * 20), Address(b"\xf0" * 20)
BOTH = (HIGH, LOW)  # as they lie in the table


async def forget_solvers(connection, history):
    await connection.execute("INSERT INTO solvers SELECT unnest($1::bytea[]), 1, 0, 1, 1", BOTH)
    return lambda other: projection.put_solvers(other, list(BOTH))


async def forget_conclusions(connection, history):
    lapsed = [(history.intent(one)[0], one) for one in BOTH]
    await connection.executemany(
        "INSERT INTO concluded_awards VALUES ($1, 1, $2, $2, 'lapsed', 1, 1, NULL, NULL, NULL, 1, $2, 1)", lapsed
    )
    mined = [(intent_id, facts.AwardLapsed(1, solver, facts.Fault.SOLVER)) for intent_id, solver in lapsed]
    await history.put(connection, history.block(history.origin, 1, *mined))
    return lambda other: conclusions.forget_above(other, history.origin, 0)


async def want(connection, history):
    changed = [(None, facts.BondChanged(one, Amount(1), Amount(0))) for one in BOTH]
    await history.put(connection, history.block(history.origin, 1, *changed))
    return lambda other: scores.want_above(other, history.origin, 0)


async def drop_unknown(_connection, _history):
    return scores.drop_unknown


@pytest.mark.parametrize("way", [forget_solvers, forget_conclusions, want, drop_unknown])
async def test_who_holds_one_score_may_take_a_higher_one(database, history, until_waiting, way):
    """The other waits for the first and has none behind it: who took them the other way round would wait for ever."""
    async with pool.transaction(database) as connection:
        await history.bind(connection)
        await history.put(connection, history.block(history.origin, 0))
        write = await way(connection, history)
        for one in BOTH:
            await connection.execute("INSERT INTO solver_scores VALUES ($1, 1, 1, now(), '{}', false)", one)

    async def write_both():
        async with pool.transaction(database) as connection:
            await write(connection)

    async with pool.transaction(database) as connection:
        for one in sorted(BOTH):
            await connection.execute("SELECT 1 FROM solver_scores WHERE address = $1 FOR UPDATE", one)
            if one == LOW:
                writing = asyncio.create_task(write_both())
                await until_waiting(connection, writing)
    await writing
    async with pool.acquire(database) as connection:
        untouched = "SELECT count(*) FROM solver_scores WHERE NOT is_due"
        assert await connection.fetchval(untouched) == 0
