"""A database that freezes is told as an outage within 3 s, to all who ask at once, and is used again when it thaws."""

import asyncio
import collections.abc
import contextlib
import os
import pathlib
import signal

import pytest

from orbital.devnet import postgres, process, settings
from orbital.domain.errors import Unavailable
from orbital.storage import pool
from orbital.storage.settings import StorageSettings

ANSWER_SECONDS = 2.5
TOLD_SECONDS, RECOVERY_SECONDS = 4.5, 30.0  # who waits for a connection and then for an answer takes 5 s
CONNECTIONS, CALLERS = 3, 12


@contextlib.contextmanager
def frozen(server: process.Process) -> collections.abc.Iterator[None]:
    """The server and its backends stand still; nothing is closed."""
    children = pathlib.Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    pids = [server.pid, *map(int, children)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def ask(database: pool.Pool) -> None:
    async with pool.transaction(database) as connection:
        await connection.fetchval("SELECT 1")


async def is_away(database: pool.Pool) -> bool:
    try:
        await ask(database)
    except Unavailable:
        return True
    return False


async def test_a_frozen_database_is_away_within_the_promised_time_and_comes_back(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pool, "WAIT_SECONDS", ANSWER_SECONDS)
    prepared = postgres.prepare(settings.PostgresSettings(data_dir=tmp_path / "clusters", durable=False))
    with process.start(prepared.command, tmp_path / "postgres.log") as server:
        wanted = StorageSettings(prepared.url, pool_max=CONNECTIONS, command_timeout_seconds=ANSWER_SECONDS)
        database = await pool.create_pool(wanted)
        try:
            await asyncio.gather(*(ask(database) for _ in range(CALLERS)))
            with frozen(server):
                async with asyncio.timeout(TOLD_SECONDS):
                    assert all(await asyncio.gather(*(is_away(database) for _ in range(CALLERS))))
                with pytest.raises(Unavailable):
                    await ask(database)
            async with asyncio.timeout(RECOVERY_SECONDS):
                while await is_away(database):
                    pass
        finally:
            database.terminate()


@pytest.mark.parametrize("way", ["acquire", "transaction"])
async def test_who_is_cancelled_while_the_database_is_frozen_ends(tmp_path: pathlib.Path, way: str):
    """Told of an outage instead it would go on for ever, as whoever outlives outages does."""
    prepared = postgres.prepare(settings.PostgresSettings(data_dir=tmp_path / "clusters", durable=False))
    has_connection, may_ask = asyncio.Event(), asyncio.Event()

    async def ask_slowly() -> None:
        async with getattr(pool, way)(database) as connection:
            has_connection.set()
            await may_ask.wait()
            await connection.fetchval("SELECT 1")

    with process.start(prepared.command, tmp_path / "postgres.log") as server:
        database = await pool.create_pool(StorageSettings(prepared.url, command_timeout_seconds=ANSWER_SECONDS))
        try:
            asking = asyncio.create_task(ask_slowly())
            await has_connection.wait()
            with frozen(server):
                may_ask.set()
                for _ in range(3):
                    await asyncio.sleep(0)
                asking.cancel()
                await asyncio.wait([asking])
            assert asking.cancelled()
        finally:
            database.terminate()
