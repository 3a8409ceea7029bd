"""One process leads and works; the others write nothing, and go on where it ended."""

import asyncio
import time

import pytest
import structlog

from orbital.analytics import desk, loop
from orbital.analytics.settings import AnalyticsSettings
from orbital.domain import errors
from orbital.domain.network import Network
from orbital.storage import leases, pool
from orbital.storage.conclusions import LEASE

PATIENCE_SECONDS = 30
NETWORK = Network({}, 1, bytes(20), bytes(20), 30, 10**18)
SETTINGS = AnalyticsSettings(rhythm_seconds=0.02, lease_seconds=600.0, renew_seconds=0.3)


async def until(holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def start(database, name, seen):
    """A process whose only duty notes that it worked, under its lease."""

    async def note(at):
        async with pool.transaction(at.pool) as connection:
            await leases.hold(connection, at.lease)
        seen.append(name)
        return False

    return asyncio.create_task(loop.run(database, NETWORK, SETTINGS, lambda: [desk.Duty("note", note)]))


async def stop(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_of_two_works_and_the_other_goes_on_when_it_ends(database):
    seen = []
    first = start(database, "first", seen)
    await until(lambda: seen)
    second = start(database, "second", seen)
    await until(lambda: len(seen) > 20)
    assert set(seen) == {"first"}
    await stop(first)
    await until(lambda: "second" in seen)
    await stop(second)
    assert seen.index("second") == seen.count("first")


async def test_leader_whose_lease_was_taken_writes_nothing_more_and_leads_again_later(database):
    seen = []
    with structlog.testing.capture_logs() as said:
        task = start(database, "first", seen)
        await until(lambda: seen)
        async with pool.transaction(database) as connection:
            taken = await leases.seize(connection, LEASE, "other", 60.0)
        await until(lambda: {"event": "not_leading", "code": "lease_lost"}.items() <= said[-1].items())
        before = len(seen)
        await until(lambda: said[-1].get("leader") == "other")
    assert len(seen) == before
    async with pool.transaction(database) as connection:
        await leases.release(connection, taken)
    await until(lambda: len(seen) > before)
    await stop(task)


async def test_duties_are_turned_in_order_and_any_may_ask_for_another_turn(database):
    order = []

    def duty(name, has_more):
        async def turn(_):
            order.append(name)
            return has_more

        return desk.Duty(name, turn)

    at = desk.Desk(database, leases.Lease(LEASE, 1), NETWORK, SETTINGS)
    assert await loop.turn(at, [duty("one", has_more=True), duty("two", has_more=False)])
    assert not await loop.turn(at, [duty("three", has_more=False)])
    assert order == ["one", "two", "three"]


async def test_a_fault_of_a_duty_ends_the_process_and_gives_the_lease_back(database):
    async def break_(_):
        raise errors.Corrupt("broken", "It is.")

    with pytest.raises(errors.Corrupt):
        await loop.run(database, NETWORK, SETTINGS, lambda: [desk.Duty("break", break_)])
    async with pool.transaction(database) as connection:
        assert await leases.acquire(connection, LEASE, "next", 1.0) is not None
