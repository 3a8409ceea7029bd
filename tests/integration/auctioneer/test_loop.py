"""The whole loop: it leads, stops when told, takes over, and lives through a database that goes away."""

import asyncio
import collections.abc
import dataclasses
import time
from typing import Any

import asyncpg
import pytest
import structlog

from orbital.auctioneer import loop
from orbital.chain import keys
from orbital.domain import errors
from orbital.domain.lifecycle import Status
from orbital.storage import leases, pool

PATIENCE_SECONDS = 30
LEASE_SECONDS = 600  # more than anybody waits for here: it passes on because it is given up


async def until(holds: collections.abc.Callable[[], collections.abc.Awaitable[Any]]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := await holds()):
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)
    return found


@pytest.fixture
async def idle_office(office: Any) -> Any:
    """An office whose lease is free."""
    async with pool.transaction(office.desk.pool) as connection:
        await leases.release(connection, office.desk.lease)
    return office


def start(office: Any, lease_seconds: float = LEASE_SECONDS) -> asyncio.Task[None]:
    desk = office.desk
    settings = dataclasses.replace(desk.settings, lease_seconds=lease_seconds, renew_seconds=0.3)
    return asyncio.create_task(loop.run(desk.pool, desk.network, {}, desk.signer, settings))


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=PATIENCE_SECONDS)
    assert task.cancelled()


async def matched(office: Any, intent_id: bytes) -> bool:
    return (await office.find(intent_id)).status is Status.MATCHED


async def both_said(said: list[Any]) -> bool:
    """Who leads and who stands by has said so; never twice."""
    roles = sorted(line["event"] for line in said if line["event"] in {"leading", "standing_by"})
    assert roles in ([], ["leading"], ["standing_by"], ["leading", "standing_by"])
    return len(roles) == 2


async def submit_and_bid(office: Any) -> bytes:
    intent_id = await office.submit()
    await until(lambda: office.rounds_of(intent_id))
    await office.bid(intent_id, 995_000)
    return intent_id


async def test_intent_is_awarded_when_its_window_passes_and_the_loop_stops(idle_office: Any) -> None:
    task = start(idle_office)
    intent_id = await submit_and_bid(idle_office)
    await until(lambda: matched(idle_office, intent_id))
    await stop(task)


async def test_second_auctioneer_takes_over_when_the_first_one_ends(idle_office: Any) -> None:
    with structlog.testing.capture_logs() as said:
        first, second = start(idle_office), start(idle_office)
        one = await submit_and_bid(idle_office)
        await until(lambda: matched(idle_office, one))
        await until(lambda: both_said(said))
    await stop(first)
    two = await submit_and_bid(idle_office)
    await until(lambda: matched(idle_office, two))
    await stop(second)


async def test_loop_goes_on_by_itself_after_the_database_was_away(idle_office: Any, database_url: str) -> None:
    task = start(idle_office, lease_seconds=1.0)
    one = await submit_and_bid(idle_office)
    await until(lambda: matched(idle_office, one))
    admin = await asyncpg.connect(database_url.rpartition("/")[0] + "/postgres")
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database_url.rpartition("/")[2]
    )
    await admin.close()
    two = await until(lambda: _patiently(submit_and_bid(idle_office)))
    await until(lambda: matched(idle_office, two))
    assert not task.done()
    await stop(task)


async def test_key_of_another_account_is_refused(idle_office: Any) -> None:
    desk = idle_office.desk
    with pytest.raises(errors.Rejected) as refused:
        await loop.run(desk.pool, desk.network, {}, keys.generate_signer(), desk.settings)
    assert refused.value.code == "wrong_auctioneer_key"


async def _patiently(job: collections.abc.Awaitable[Any]) -> Any:
    """What the job gives, None while the database's connections are still being replaced."""
    try:
        return await job
    except errors.Unavailable:
        return None
