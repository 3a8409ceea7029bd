"""A database that is killed in the middle of a write, or comes back without its last commits: nothing is left out."""

import asyncio
import contextlib
import os
import pathlib
import signal

import pytest

from orbital.devnet import postgres, process, settings
from orbital.domain.errors import Unavailable
from orbital.domain.types import BlockNumber
from orbital.storage import chains, digest, migrate, pool
from orbital.storage.settings import StorageSettings

HELD_COPY = """
CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_sleep(3600);
    RETURN NEW;
END $$;
CREATE TRIGGER wait_here BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION wait_here();
"""
IS_COPYING = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'COPY %facts%' AND wait_event = 'PgSleep'"


class Server:
    """A PostgreSQL of the test's own."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.prepared = postgres.prepare(settings.PostgresSettings(data_dir=folder / "clusters", durable=False))
        self._log = folder / "postgres.log"
        self.start()

    def start(self) -> None:
        self._running = process.start(self.prepared.command, self._log)

    def stop(self) -> None:
        self._running.stop()

    def kill(self) -> None:
        """The server and each of its backends."""
        pid = self._running.pid
        for one in (pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
            with contextlib.suppress(ProcessLookupError):  # a backend that ended meanwhile
                os.kill(one, signal.SIGKILL)
        self._running.stop()


@pytest.fixture
def server(tmp_path):
    started = Server(tmp_path)
    yield started
    started.stop()


@pytest.fixture
async def own(server):
    """Its migrated database."""
    wanted = StorageSettings(server.prepared.url)
    await migrate.migrate(wanted)
    opened = await pool.create_pool(wanted)
    yield opened
    opened.terminate()


async def test_a_database_killed_within_a_copy_is_written_again_when_it_is_back(world, server, own, wait_until):
    usual, world.database = world.database, own
    match = await world.match()
    async with world.indexing(retry_seconds=0.05):
        await world.caught_up()
        async with pool.acquire(own) as connection:
            await connection.execute(HELD_COPY)
        await world.settle(match)
        await wait_until(lambda: counts(world, IS_COPYING))
        await asyncio.to_thread(server.kill)
        await asyncio.to_thread(server.start)
        await wait_until(lambda: is_dropped(own))
        await world.caught_up()
    assert await world.names(match) == ["IntentFilled", "IntentOpened", "IntentSettled"]
    killed = await digest_of(own)
    world.database = usual
    async with world.indexing():
        await world.caught_up()
    assert await digest_of(usual) == killed


async def test_commits_that_the_database_lost_are_made_again(world, fingerprint):
    """As after a failover to a copy that lagged: the leader still leads, and would go on above a gap."""
    async with world.indexing(world.origin):
        await world.open(await world.match())
        await world.caught_up(world.origin)
        head, before = (await world.checkpoint(world.origin)).number, await fingerprint()
        async with pool.transaction(world.database) as connection:
            await chains.rollback(connection, world.origin, BlockNumber(head - 2), world.network.rules)
        await world.mine(world.origin)
        await world.caught_up(world.origin)
    after = await fingerprint()
    assert after.parts["facts"] == before.parts["facts"]
    assert after.parts["blocks"].rows == before.parts["blocks"].rows + 1


async def counts(world, query):
    (row,) = await world.fetch(query)
    return row["count"] > 0


async def is_dropped(database):
    """Whether the trigger is gone, which a server that starts refuses to hear of."""
    with contextlib.suppress(Unavailable):
        async with pool.acquire(database) as connection:
            await connection.execute("DROP FUNCTION IF EXISTS wait_here CASCADE")
            return True
    return False


async def digest_of(database):
    async with pool.acquire(database) as connection:
        return await digest.digest(connection)
