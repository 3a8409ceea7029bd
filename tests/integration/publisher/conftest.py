"""A migrated database, a bus and a hub on a real Redis."""

import asyncio
import collections.abc
import contextlib

import pytest

from orbital.publisher import loop
from orbital.publisher.settings import PublisherSettings
from orbital.realtime import bus, hub
from orbital.storage import outbox, pool


@contextlib.asynccontextmanager
async def running(job: collections.abc.Coroutine[None, None, None]) -> collections.abc.AsyncIterator[None]:
    """A task for as long as the block runs; its failure is the test's."""
    task = asyncio.create_task(job)
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)


@pytest.fixture
def publishing(database: pool.Pool) -> collections.abc.Callable[..., contextlib.AbstractAsyncContextManager[None]]:
    """`async with publishing(redis_url)`: a publisher works in the block."""

    @contextlib.asynccontextmanager
    async def publish(redis_url: str, **changes: object) -> collections.abc.AsyncIterator[None]:
        async with bus.Bus(redis_url) as opened, running(loop.run(database, opened, PublisherSettings(**changes))):
            yield

    return publish


@pytest.fixture
def listening() -> collections.abc.Callable[..., contextlib.AbstractAsyncContextManager[hub.Hub]]:
    """`async with listening(redis_url) as hub`: it is connected when the block begins."""

    @contextlib.asynccontextmanager
    async def listen(redis_url: str) -> collections.abc.AsyncIterator[hub.Hub]:
        opened = hub.Hub(redis_url)
        async with running(opened.run()):
            await asyncio.wait_for(opened.wait_connected(), 10)
            yield opened

    return listen


@pytest.fixture
def announce(database: pool.Pool) -> collections.abc.Callable[..., collections.abc.Awaitable[None]]:
    """Commit announcements of topic `intents` with these data."""

    async def put(*data: dict[str, object], topic: str = "intents") -> None:
        async with pool.transaction(database) as connection:
            await outbox.announce(connection, [outbox.Announcement(topic, "IntentOpened", one) for one in data])

    return put


@pytest.fixture
def count_waiting(database: pool.Pool) -> collections.abc.Callable[[], collections.abc.Awaitable[int]]:
    async def count() -> int:
        async with pool.acquire(database) as connection:
            return await connection.fetchval("SELECT count(*) FROM outbox")

    return count
