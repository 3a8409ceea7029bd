"""What tests with a real PostgreSQL share."""

import asyncio
import collections.abc
import contextlib
import socket
import typing

import pytest
import uvicorn

from orbital.app import api
from orbital.devnet import ports
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


@pytest.fixture
def on_a_port() -> collections.abc.Callable[[typing.Any], contextlib.AbstractAsyncContextManager[int]]:
    """An application on a port of its own, for as long as the context lasts."""

    @contextlib.asynccontextmanager
    async def serve(app: typing.Any) -> collections.abc.AsyncIterator[int]:
        with socket.create_server((ports.LOOPBACK, 0)) as listening:  # calls wait in its backlog until the start
            config = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_keep_alive=api.IDLE_SECONDS)
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server._serve([listening]))
            try:
                yield listening.getsockname()[1]
            finally:
                server.should_exit = True
                await serving

    return serve
