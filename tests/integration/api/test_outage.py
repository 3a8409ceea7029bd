"""PostgreSQL killed or frozen under the running API: callers are told within 3 s, and served again within 10 s.

That holds for a request under way too, whose key is not lost with it.
"""

import asyncio
import collections.abc
import contextlib
import os
import pathlib
import signal

import asyncpg
import pytest

from orbital.chain import hexes
from orbital.devnet import postgres, process, settings
from orbital.storage import claims, migrate, pool
from orbital.storage.settings import StorageSettings

ANSWER_SECONDS = 2.5  # as the API's process has it
TOLD_SECONDS, RECOVERY_SECONDS = 4.5, 30.0  # who waits for a connection and then for an answer takes 5 s
INTENTS = "/api/v1/intents"


class Server:
    """A PostgreSQL of the test's own, with the two ways to lose it."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.prepared = postgres.prepare(settings.PostgresSettings(data_dir=folder / "clusters", durable=False))
        self._log = folder / "postgres.log"
        self._running = process.start(self.prepared.command, self._log)

    def stop(self) -> None:
        self._running.stop()

    @contextlib.contextmanager
    def killed(self) -> collections.abc.Iterator[None]:
        self._signal(signal.SIGKILL)
        self._running.stop()
        yield
        self._running = process.start(self.prepared.command, self._log)

    @contextlib.contextmanager
    def frozen(self) -> collections.abc.Iterator[None]:
        pids = self._signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> list[int]:
        """To the server and each of its backends."""
        pid = self._running.pid
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        pids = [pid, *map(int, children)]
        for one in pids:
            with contextlib.suppress(ProcessLookupError):  # a backend that ended meanwhile
                os.kill(one, number)
        return pids


@pytest.fixture(autouse=True)
def usual_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "WAIT_SECONDS", ANSWER_SECONDS)


@pytest.fixture
def server(tmp_path: pathlib.Path) -> collections.abc.Iterator[Server]:
    started = Server(tmp_path)
    yield started
    started.stop()


@pytest.fixture
async def exposed(api, server):
    """The API over that server."""
    wanted = StorageSettings(server.prepared.url, pool_max=10, command_timeout_seconds=ANSWER_SECONDS)
    await migrate.migrate(wanted)
    database = await pool.create_pool(wanted)
    made = type(api)(api.network, api.rpcs, database, api.hub)
    async with made.client:
        yield made
    database.terminate()


@contextlib.asynccontextmanager
async def held(url: str, address: bytes) -> collections.abc.AsyncIterator[asyncpg.Connection]:
    """Somebody else holds this account, until the connection ends: a submission of it waits within its transaction."""
    holder = await asyncpg.connect(url)
    try:
        await holder.execute("BEGIN")
        await claims.lock_accounts(holder, [claims.Account(address, claims.EVERYWHERE)])
        yield holder
    finally:
        holder.terminate()


async def until_somebody_waits(url: str) -> None:
    looking = await asyncpg.connect(url)
    while not await looking.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
        pass
    await looking.close()


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_callers_are_told_in_time_and_served_again(exposed, server, how):
    user = await exposed.funded_user()
    submission = exposed.submission(exposed.intent(user.address), user)
    keyed, other = {"idempotency-key": "one"}, {"idempotency-key": "two"}
    unknown = f"{INTENTS}/{hexes.to_hex(bytes(32))}"
    client = exposed.client
    async with held(server.prepared.url, user.address):
        under_way = asyncio.create_task(client.post(INTENTS, json=submission, headers=keyed))
        async with asyncio.timeout(RECOVERY_SECONDS):
            await until_somebody_waits(server.prepared.url)
        away = getattr(server, how)()
        away.__enter__()
    try:
        for _ in range(2):
            asked = [client.get(unknown) for _ in range(12)]
            asked.append(client.post(INTENTS, json=submission, headers=other))
            async with asyncio.timeout(TOLD_SECONDS):
                answers = await asyncio.gather(under_way, *asked)
            assert {one.status_code for one in answers} == {503}
            assert all(int(one.headers["retry-after"]) >= 1 for one in answers)
    finally:
        away.__exit__(None, None, None)
    async with asyncio.timeout(RECOVERY_SECONDS):
        while (await client.get(unknown)).status_code != 404:
            pass
        while (taken := await client.post(INTENTS, json=submission, headers=other)).status_code == 503:
            pass
    assert taken.status_code == 201
    again = await client.post(INTENTS, json=submission, headers=keyed)
    assert again.status_code in {200, 409}  # done by now, or in flight still for the rest of its minute
    assert await exposed.count("SELECT count(*) FROM facts") == 1
