"""A database that is there and has too much to do is told as that, keeps its connections, and serves all who wait."""

import asyncio
import contextlib
import secrets

import asyncpg
import pytest

from orbital.domain.errors import Overloaded
from orbital.storage import pool
from orbital.storage.settings import StorageSettings

SILENCE_SECONDS = 2.5


@contextlib.asynccontextmanager
async def opened(url, **wanted):
    database = await pool.create_pool(StorageSettings(url, **wanted))
    try:
        yield database
    finally:
        database.terminate()


async def test_all_who_wait_longer_than_an_outage_takes_are_served_in_their_order(database_url, monkeypatch):
    monkeypatch.setattr(pool, "WAIT_SECONDS", SILENCE_SECONDS)
    order = []

    async def ask(number: int) -> None:
        async with pool.acquire(database) as connection:
            order.append(await connection.fetchval("SELECT $1::int FROM pg_sleep(0.5)", number))

    async with opened(database_url, pool_max=1) as database:
        await asyncio.gather(*map(ask, range(7)))
    assert order == list(range(7))


async def test_what_takes_too_long_is_ended_by_the_server_and_its_connection_kept(database_url, monkeypatch):
    monkeypatch.setattr(pool, "STATEMENT_SHARE", 0.002)
    async with opened(database_url, pool_max=1) as database:
        async with pool.acquire(database) as connection:
            before = connection.get_server_pid()
        for way in (pool.acquire, pool.transaction):
            with pytest.raises(Overloaded) as told:
                async with way(database) as connection:
                    await connection.execute("SELECT pg_sleep(600)")
            assert (told.value.code, told.value.retryable) == ("overloaded", True)
        async with pool.acquire(database) as connection:
            assert connection.get_server_pid() == before


async def test_a_lost_race_is_no_outage(database):
    first, second = asyncio.Event(), asyncio.Event()

    async def lock(own: int, other: int, has_own: asyncio.Event, has_other: asyncio.Event) -> None:
        async with pool.transaction(database) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", own)
            has_own.set()
            await has_other.wait()
            await connection.execute("SELECT pg_advisory_xact_lock($1)", other)

    told = await asyncio.gather(lock(1, 2, first, second), lock(2, 1, second, first), return_exceptions=True)
    assert [type(one) for one in told if one is not None] == [Overloaded]


async def test_a_server_without_a_connection_left_is_busy(database_url):
    role = f"few_{secrets.token_hex(6)}"
    owner = await asyncpg.connect(database_url)
    await owner.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'few' CONNECTION LIMIT 1")
    place = database_url.rpartition("@")[2]
    try:
        async with opened(f"postgresql://{role}:few@{place}", pool_max=2) as database:
            async with pool.acquire(database):
                with pytest.raises(Overloaded):
                    async with pool.acquire(database):
                        pytest.fail("there was one connection only")
            with pytest.raises(Overloaded):
                await pool.create_pool(StorageSettings(f"postgresql://{role}:few@{place}"))
    finally:
        while await owner.fetchval("SELECT count(*) FROM pg_stat_activity WHERE usename = $1", role):
            pass
        await owner.execute(f"DROP ROLE {role}")
        await owner.close()
