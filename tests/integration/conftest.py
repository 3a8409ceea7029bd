"""What tests with a real PostgreSQL share."""

import asyncio
import collections.abc

import pytest

from orbital.storage import migrate, pool
from orbital.storage.settings import StorageSettings


@pytest.fixture
async def database(database_url: str) -> collections.abc.AsyncIterator[pool.Pool]:
    """A pool on a migrated database."""
    settings = StorageSettings(database_url)
    await migrate.migrate(settings)
    opened = await pool.create_pool(settings)
    yield opened
    opened.terminate()


@pytest.fixture
def until_waiting() -> collections.abc.Callable[..., collections.abc.Awaitable[None]]:
    """Until each of some tasks waits for a row that somebody else holds; `connection` looks, and none may end."""

    async def wait(connection: pool.Connection, *tasks: asyncio.Task[object]) -> None:
        while await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") < len(tasks):
            assert not any(task.done() for task in tasks)
            await asyncio.sleep(0.01)

    return wait
