"""More callers than the database can serve: those who wait are served, the others told when to come again."""

import asyncio
import contextlib

import asyncpg
import pytest

from orbital.chain import hexes
from orbital.storage import line, pool
from orbital.storage.settings import StorageSettings

INTENTS = "/api/v1/intents"
UNKNOWN = f"{INTENTS}/{hexes.to_hex(bytes(32))}"


@pytest.fixture
async def narrow(api, database_url, monkeypatch):
    """The API with one connection, for which three may wait."""
    monkeypatch.setattr(line, "WAITING_PER_CONNECTION", 3)
    database = await pool.create_pool(StorageSettings(database_url, pool_max=1))
    made = type(api)(api.network, api.rpcs, database, api.hub)
    async with made.client:
        yield made
    database.terminate()


async def until_waiting(api, count: int) -> None:
    async with asyncio.timeout(30):
        while api.database.line.length < count:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)


async def test_those_who_find_a_place_in_line_are_served_and_the_others_told_when_to_come_again(narrow):
    user = await narrow.funded_user()
    submission = narrow.submission(narrow.intent(user.address), user)
    client = narrow.client
    async with pool.acquire(narrow.database):
        waiting = [asyncio.create_task(client.get(UNKNOWN)) for _ in range(2)]
        waiting.append(asyncio.create_task(client.post(INTENTS, json=submission)))
        await until_waiting(narrow, 3)
        for refused in (await client.get(UNKNOWN), await client.post(INTENTS, json=submission)):
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert int(refused.headers["retry-after"]) >= 1
        ready = asyncio.create_task(client.get("/health/ready"))
        await until_waiting(narrow, 4)
    answers = await asyncio.gather(*waiting)
    assert [one.status_code for one in answers] == [404, 404, 201]
    assert ((await ready).status_code, (await ready).json()["database"]) == (200, "ok")
    assert await narrow.count("SELECT count(*) FROM facts") == 1
    figures = (await client.get("/metrics")).text
    assert "orbital_database_waiting 0.0" in figures
    assert 'orbital_database_overloads_total{reason="line_full"}' in figures


@contextlib.asynccontextmanager
async def held(url, table):
    holder = await asyncpg.connect(url)
    try:
        await holder.execute(f"BEGIN; LOCK TABLE {table}")
        yield
    finally:
        await holder.close()


async def test_a_busy_database_leaves_a_server_in_rotation(api, database_url, monkeypatch):
    monkeypatch.setattr(pool, "STATEMENT_SHARE", 0.01)
    database = await pool.create_pool(StorageSettings(database_url))
    made = type(api)(api.network, api.rpcs, database, api.hub)
    try:
        async with made.client as client, held(database_url, "checkpoints"):
            paths = ("/health/ready", "/health", "/api/v1/chains")
            ready, health, chains = await asyncio.gather(*map(client.get, paths))
        assert (ready.status_code, ready.json()["database"]) == (200, "busy")
        assert (health.status_code, health.json()["status"]) == (200, "degraded")
        assert (chains.status_code, chains.json()["code"]) == (503, "overloaded")
    finally:
        database.terminate()
