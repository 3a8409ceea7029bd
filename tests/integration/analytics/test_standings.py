"""Standings are counted when something changed, as often as their cost allows, and by the leader alone."""

import asyncio
import secrets
import time

import pytest

from orbital.analytics import loop
from orbital.analytics.desk import Desk
from orbital.analytics.settings import AnalyticsSettings
from orbital.analytics.standings import RECOUNT_SECONDS, REST_SECONDS_MIN, Standings
from orbital.domain import errors
from orbital.domain.network import Network
from orbital.domain.standings import Sort, Window
from orbital.storage import leases, pool, standings

PATIENCE_SECONDS = 30
NETWORK = Network({}, 1, bytes(20), bytes(20), 30, 10**18)
SETTINGS = AnalyticsSettings(rhythm_seconds=0.02, lease_seconds=600.0, renew_seconds=0.3)
SOLVER, OTHER = b"\x05" * 20, b"\x06" * 20


class Duty:
    """The duty at work, by a clock of the test's."""

    def __init__(self, database, lease, clock) -> None:
        self.database, self.clock = database, clock
        self.desk = Desk(database, lease, NETWORK, SETTINGS)
        self._duty = Standings(self.clock)

    async def turn(self) -> bool:
        return await self._duty.turn(self.desk)

    async def counted(self) -> set[Window]:
        """The windows that are counted when the duty has nothing more to do at once."""
        before = await self._times()
        while await self.turn():
            pass
        after = await self._times()
        return {window for window in Window if after.get(window) != before.get(window)}

    async def execute(self, sql: str, *arguments: object) -> None:
        async with pool.acquire(self.database) as connection:
            await connection.execute(sql, *arguments)

    async def know(self, solver) -> None:
        await self.execute("INSERT INTO solvers VALUES ($1, 0, 0)", solver)
        await self.execute("INSERT INTO solver_scores VALUES ($1, 6000, 1, '2027-01-15', '{}')", solver)

    async def conclude(self, age_seconds: int) -> None:
        await self.execute(
            """INSERT INTO concluded_awards VALUES ($1, 1, $2, $2, 'filled', 0,
                floor(extract(epoch FROM now()))::bigint - $3, 1, 1, NULL, 1, $2, 1)""",
            secrets.token_bytes(32),
            SOLVER,
            age_seconds,
        )

    async def fills(self, window: Window) -> int:
        async with pool.acquire(self.database) as connection:
            page = await standings.list_page(connection, window, Sort.FILLS, 0, 10)
        return sum(one.fills for one in page.entries)

    async def _times(self):
        async with pool.acquire(self.database) as connection:
            rows = await connection.fetch("SELECT period, counted_at FROM standings_counts")
        return {Window(row["period"]): row["counted_at"] for row in rows}


@pytest.fixture
def duty(database, lease, clock):
    return Duty(database, lease, clock)


async def test_a_new_leader_counts_every_window_one_a_turn(duty):
    await duty.know(SOLVER)
    more = [await duty.turn() for _ in Window]
    assert more == [True] * 5 + [False]
    async with pool.acquire(duty.database) as connection:
        for window in Window:
            (entry,) = (await standings.list_page(connection, window, Sort.REPUTATION, 0, 10)).entries
            assert (entry.solver, entry.reputation) == (SOLVER, 6000)


async def test_what_is_the_same_is_not_counted_again_until_it_is_old(duty):
    await duty.conclude(100)
    assert await duty.counted() == set(Window)
    duty.clock.now += REST_SECONDS_MIN
    assert await duty.counted() == set()
    duty.clock.now += RECOUNT_SECONDS
    assert await duty.counted() == set(Window)


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO solver_scores VALUES ('\\x0606060606060606060606060606060606060606', 1, 1, '2027-01-15', '{}')",
        "UPDATE solver_scores SET reputation = 1, scored_at = clock_timestamp()",
        "INSERT INTO facts (name, timestamp, data) VALUES ('IntentCancelled', 1, '{}')",
    ],
)
async def test_a_change_is_counted_after_the_rest(duty, change):
    await duty.know(SOLVER)
    assert await duty.counted() == set(Window)
    await duty.execute(change)
    duty.clock.now += REST_SECONDS_MIN - 0.1
    assert await duty.counted() == set()
    duty.clock.now += 0.2
    assert await duty.counted() == set(Window)


async def test_a_window_rests_for_twenty_times_what_it_cost(duty):
    await duty.know(SOLVER)
    duty.clock.step = 1.0
    await duty.counted()
    duty.clock.step = 0.0
    last = duty.clock.now
    await duty.know(OTHER)
    duty.clock.now = last + 7
    assert await duty.counted() == set()
    duty.clock.now = last + 20
    assert await duty.counted() == set(Window)


async def test_a_window_is_counted_when_its_first_leaves_it(duty):
    await duty.know(SOLVER)
    told = 0
    while not await duty.fills(Window.HOUR):  # a slow machine may count the first when it has left already
        await duty.conclude(Window.HOUR.seconds - 2)
        told += 1
        duty.clock.now += REST_SECONDS_MIN
        await duty.counted()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await duty.fills(Window.HOUR):
        assert time.monotonic() < deadline
        duty.clock.now += REST_SECONDS_MIN
        assert await duty.counted() <= {Window.HOUR}
        await asyncio.sleep(0.05)
    assert await duty.fills(Window.DAY) == told


async def test_who_lost_the_lease_writes_nothing(duty):
    await duty.know(SOLVER)
    async with pool.transaction(duty.database) as connection:
        await leases.seize(connection, loop.LEASE, "other", 60.0)
    with pytest.raises(errors.Conflict, match="went to another holder"):
        await duty.turn()
    async with pool.acquire(duty.database) as connection:
        assert await connection.fetchval("SELECT count(*) FROM solver_standings") == 0


async def test_the_process_counts_every_window(database):
    task = asyncio.create_task(loop.run(database, NETWORK, SETTINGS))
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with pool.acquire(database) as connection:
        while await connection.fetchval("SELECT count(*) FROM standings_counts") < len(Window):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
