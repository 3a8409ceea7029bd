"""A process that is there before its database waits for it, says so, and not for ever."""

import asyncio
import json
import signal
import socket
import sys

import pytest

from orbital.devnet import ports
from orbital.storage import migrate
from orbital.storage.settings import StorageSettings


@pytest.fixture
async def start(environment):
    """Start `orbital` with these words; what still runs is killed with the test."""
    started = []

    async def start(*words: str, **changes: str) -> asyncio.subprocess.Process:
        argv, pipe = [sys.executable, "-m", "orbital", *words], asyncio.subprocess.PIPE
        one = await asyncio.create_subprocess_exec(*argv, env=environment | changes, stdout=pipe, stderr=pipe)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.returncode is None:
            one.kill()
        await one.communicate()


async def until_said(one, event):
    """Its first line of this event."""
    while line := await one.stderr.readline():
        said = json.loads(line)
        if said["event"] == event:
            return said
    pytest.fail(f"ended before it said {event}")


async def test_services_and_migrations_wait_for_a_database_that_is_slow_to_take_its_first_connection(
    start, database_url, late_database
):
    url, late = late_database
    await migrate.migrate(StorageSettings(database_url))
    words = (["serve", "api"], ["serve", "publisher"], ["migrate"])
    started = [await start(*one, DATABASE_URL=url) for one in words]
    waiting = await asyncio.gather(*(until_said(one, "waiting_for_database") for one in started))
    assert all(0 < one["left_seconds"] <= 60 and one["detail"] for one in waiting)
    late.opened.set()
    await asyncio.gather(*(until_said(one, "database_is_there") for one in started))
    *services, migration = started
    for one in services:
        one.send_signal(signal.SIGTERM)
    said, _ = await migration.communicate()
    assert said.startswith(b"the schema is at version ")
    assert [await one.wait() for one in started] == [0] * len(started)


async def test_a_port_where_nobody_listens_yet_is_tried_again_and_not_for_ever(start, database_url):
    with socket.socket() as reserved:
        reserved.bind((ports.LOOPBACK, 0))
        url = f"{database_url.rpartition('@')[0]}@{ports.LOOPBACK}:{reserved.getsockname()[1]}/d"
        stopped, patient, hasty = (
            await start("serve", "publisher", DATABASE_URL=url),
            await start("serve", "publisher", DATABASE_URL=url, DATABASE_WAIT_SECONDS="1"),
            await start("digest", DATABASE_URL=url, DATABASE_WAIT_SECONDS="0"),
        )
        await until_said(stopped, "waiting_for_database")
        stopped.send_signal(signal.SIGTERM)
        await until_said(patient, "waiting_for_database")
        failed = await until_said(patient, "failed")
        _, told = await hasty.communicate()
    assert (failed["code"], failed["detail"].partition(":")[0]) == ("unavailable", "DATABASE_URL")
    assert told.startswith(b"unavailable: DATABASE_URL: ")
    assert told.count(b"\n") == 1
    assert [await one.wait() for one in (stopped, patient, hasty)] == [0, 1, 1]
