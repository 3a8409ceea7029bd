"""Builds what several processes need from the settings, and takes it down again."""

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping

from orbital.app import listening
from orbital.chain.rpc import Rpc
from orbital.config.tree import Settings
from orbital.domain.errors import OrbitalError, Unavailable
from orbital.domain.types import ChainId
from orbital.realtime.bus import Bus
from orbital.storage import migrate, pool
from orbital.storage.settings import StorageSettings

LOOPBACK = "127.0.0.1"


@contextlib.asynccontextmanager
async def open_database(
    settings: Settings, pool_max: int = 10, statement_seconds: float = 30.0
) -> AsyncIterator[pool.Pool]:
    """The process's own database for as long as the block runs; see `open_other`."""
    wanted = StorageSettings(
        settings.database_url,
        pool_max=pool_max,
        command_timeout_seconds=statement_seconds,
        wait_seconds=settings.database_wait_seconds,
    )
    async with open_other("DATABASE_URL", wanted) as database:
        yield database


@contextlib.asynccontextmanager
async def open_other(name: str, wanted: StorageSettings) -> AsyncIterator[pool.Pool]:
    """A pool for as long as the block runs. A statement that takes too long counts as the database being away.

    What is wrong with it at the start, its schema too, is told with its name: the setting that its URL came from.
    """
    with naming(name):
        database = await pool.create_pool(wanted)
    try:
        with naming(name):
            async with pool.acquire(database) as connection:
                await migrate.check(connection)
        yield database
    finally:
        database.terminate()


@contextlib.asynccontextmanager
async def open_bus(settings: Settings) -> AsyncIterator[Bus]:
    """The way to Redis for as long as the block runs. One that is away may come later.

    Rejected `redis_refused` or `invalid_url`, with the name of the setting, when it does not know us at the start.
    """
    with naming("REDIS_URL"):
        bus = Bus(settings.redis_url)
    async with bus:
        with naming("REDIS_URL"), contextlib.suppress(Unavailable):
            await bus.check()
        yield bus


@contextlib.asynccontextmanager
async def open_rpcs(settings: Settings, node_seconds: float = 10.0) -> AsyncIterator[Mapping[ChainId, Rpc]]:
    """A client for each configured chain; a node that takes longer for an answer is left for the next one."""
    async with contextlib.AsyncExitStack() as stack:
        yield {
            chain_id: await stack.enter_async_context(Rpc(node.urls, chain_id, node_seconds, node.calls_per_second))
            for chain_id, node in settings.nodes.items()
        }


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Tell errors of the block with the name of the setting they come from."""
    try:
        yield
    except OrbitalError as error:
        raise type(error)(error.code, f"{name}: {error.detail}") from error


def serve_metrics(settings: Settings) -> None:
    """Serve this process's figures where it was told to; a supervisor takes the open port for a sign of life."""
    if settings.metrics_port:
        listening.serve_metrics("METRICS_PORT", LOOPBACK, settings.metrics_port)
