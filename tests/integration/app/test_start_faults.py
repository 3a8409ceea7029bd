"""What keeps a process from starting is one line with a code that does not change, and no trace."""

import asyncio
import json
import socket
import subprocess
import sys

import pytest

from orbital.devnet import ports
from orbital.storage import migrate
from orbital.storage.settings import StorageSettings


@pytest.fixture
async def environment(environment, database_url):
    """With a migrated database."""
    await migrate.migrate(StorageSettings(database_url))
    return environment | {"DATABASE_URL": database_url}


@pytest.fixture
def taken():
    """A port on which somebody listens."""
    with socket.create_server((ports.LOOPBACK, 0)) as listening:
        yield str(listening.getsockname()[1])


async def test_what_keeps_a_process_from_starting_is_told_in_a_line(environment, redis_url, taken):
    strange = redis_url.replace("://:", "://:wrong-one")
    assert strange != redis_url
    cases = [
        ("publisher", {"REDIS_URL": strange}, "redis_refused"),
        ("api", {"REDIS_URL": strange, "SERVER_ADDRESS": f"{ports.LOOPBACK}:0"}, "redis_refused"),
        ("publisher", {"REDIS_URL": f"{redis_url.rpartition('/')[0]}/99999"}, "redis_refused"),
        ("api", {"REDIS_URL": f"{redis_url}?db=first", "SERVER_ADDRESS": f"{ports.LOOPBACK}:0"}, "invalid_url"),
        ("publisher", {"METRICS_PORT": taken}, "port_taken"),
        ("api", {"SERVER_ADDRESS": f"{ports.LOOPBACK}:{taken}"}, "port_taken"),
    ]
    done = await asyncio.gather(*(orbital(environment | changes, "serve", service) for service, changes, _ in cases))
    said = [json.loads(one.stderr) for one in done]  # not JSON if it is more than a line
    assert [(one["event"], one["process"], one["code"]) for one in said] == [
        ("failed", service, code) for service, _, code in cases
    ]
    assert [one.returncode for one in done] == [1] * len(cases)
    assert all("wrong-one" not in one.stderr for one in done)
    assert [one["detail"].partition(":")[0] for one in said] == [
        *["REDIS_URL"] * 4,
        "METRICS_PORT",
        "SERVER_ADDRESS",
    ]


async def orbital(environment, verb, service):
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "orbital", verb, service],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
