"""The devnet as a user starts it: `orbital up` in a process of its own, known by its `devnet.json`.

`devnet` is one with users who trade on it, for tests that break parts of it, and with the question whether everything
came out right in spite of that.
"""

import asyncio
import collections.abc
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing

import pytest

from orbital.chain import hexes, keys
from orbital.chain.adapters import orbital as adapter
from orbital.chain.rpc import Rpc
from orbital.client.client import Client
from orbital.client.wire import IntentView
from orbital.config import loading
from orbital.config.tree import Settings
from orbital.devnet import accounts, audit, trader
from orbital.domain.errors import OrbitalError
from orbital.domain.types import Amount, ChainId
from orbital.storage import digest, pool, rebuild
from orbital.storage.settings import StorageSettings

START_SECONDS = 240
STOP_SECONDS = 15
END_SECONDS = 300
PROJECTIONS = ("intents", "deadlines", "solvers")
ENDED = {"settled", "refunded"}
CHAIN_FACTS = """
SELECT f.chain_id, f.block_hash, f.log_index FROM {ledger} f
WHERE f.log_index IS NOT NULL AND (f.intent_id IS NOT NULL OR f.name = 'NonceInvalidated')
"""
TOLD_TWICE = """
SELECT intent_id, name, count(*) FROM canonical_facts
WHERE name IN ('IntentSubmitted', 'IntentOpened', 'IntentFilled', 'IntentSettled', 'IntentRefunded')
GROUP BY 1, 2 HAVING count(*) > 1
"""


class Up:
    """A running `orbital up`."""

    def __init__(self, data_dir: pathlib.Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        argv = [sys.executable, "-m", "orbital", "up", "--port", "0", "--data-dir", str(data_dir), *options]
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                argv,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def devnet(self) -> dict[str, typing.Any]:
        return json.loads((self.data_dir / "devnet.json").read_text())

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_ready(self) -> dict[str, typing.Any]:
        """Block until `devnet.json` is there."""
        wait_for(lambda: (self.data_dir / "devnet.json").exists() or self.popen.poll() is not None, START_SECONDS)
        assert self.popen.poll() is None, self.output
        return self.devnet

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop; returns the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


def wait_for(condition: collections.abc.Callable[[], object], seconds: float) -> None:
    """Poll until `condition` holds; fails the test after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def start_up(tmp_path: pathlib.Path) -> collections.abc.Iterator[collections.abc.Callable[..., Up]]:
    """Start `orbital up` with options; all of them are ended with the test."""
    started: list[Up] = []

    def start(*options: str, data_dir: pathlib.Path | None = None, environment: dict[str, str] | None = None) -> Up:
        one = Up(data_dir or tmp_path / "stack", *options, environment=environment)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.stop()


class Devnet:
    """A running devnet with what a test asks of it: clients of users, chains, database."""

    def __init__(self, up: Up, settings: Settings, rpcs: dict[ChainId, Rpc], clients: list[Client]) -> None:
        self.up, self.network, self.rpcs, self.clients = up, settings.network, rpcs, clients
        self.database_url = up.devnet["database_url"]
        solvers = [keys.parse_signer(secret).address for secret in accounts.SOLVERS]
        self._role_of = audit.roles(self.network, [client.address for client in clients], solvers)
        self._balances: dict[audit.Place, int] = {}

    async def remember_balances(self) -> None:
        self._balances = await audit.fetch_balances(self.network, self.rpcs, self._role_of)

    async def pid_of(self, name: str) -> int:
        """Of a service; one that is down first has to come back."""
        while name not in (processes := self.up.devnet["processes"]) or not is_alive(processes[name]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        return processes[name]

    async def submit(self, count: int) -> list[str]:
        """Sign intents and send them until each is taken, whatever happens to the API meanwhile; returns their ids."""
        intents = [
            trader.make_intent(self.network, route, client.address, 100)
            for client, route, _ in zip(
                self.clients * count, trader.walk_routes(self.network), range(count), strict=False
            )
        ]
        owners = {client.address: client for client in self.clients}
        views = await asyncio.gather(*(persist(lambda i=one: owners[i.user].submit(i)) for one in intents))
        return [view.intent_id for view in views]

    async def wait_ended(self, intent_ids: list[str]) -> list[IntentView]:
        async def one(intent_id: str) -> IntentView:
            while True:
                view = await persist(lambda: self.clients[0].fetch_intent(intent_id))
                if view.status in ENDED:
                    return view
                await asyncio.sleep(0.2)

        async with asyncio.timeout(END_SECONDS):
            return await asyncio.gather(*(one(intent_id) for intent_id in intent_ids))

    async def check(self, views: list[IntentView], ledger: str = "facts") -> None:
        """Who was to be paid was paid, and of `ledger` (all facts, or the canonical ones) none is lost or doubled."""
        deliveries = [
            audit.Delivery(view.to_domain(), hexes.parse_address(view.solver), Amount(int(view.output_amount)))
            for view in views
            if view.status == "settled"
        ]
        after = await audit.fetch_balances(self.network, self.rpcs, self._role_of)
        wrong = [one for one in audit.check(self._balances, after, deliveries, self._role_of) if not one.ok]
        assert wrong == []
        database = await pool.create_pool(StorageSettings(self.database_url))
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(database.terminate)
            on_chain = await self._read_chain_facts()
            async with pool.acquire(database) as connection:
                rows = [tuple(row) for row in await connection.fetch(CHAIN_FACTS.format(ledger=ledger))]
                assert len(rows) == len(set(rows))
                assert set(rows) == on_chain
                assert await connection.fetch(TOLD_TWICE) == []
            await self._check_rebuild(database)

    async def _read_chain_facts(self) -> set[tuple[ChainId, bytes, int]]:
        """Every settler and registry event that the chains show, up to what is indexed by now."""
        found = set()
        for chain_id, rpc in self.rpcs.items():
            head = (await rpc.header("latest")).number
            for log in await rpc.logs(0, head, addresses=[self.network.chains[chain_id].settler]):
                if log.topics[0] in adapter.EVENTS:
                    found.add((chain_id, log.block_hash, log.log_index))
        return found

    async def _check_rebuild(self, database: pool.Pool) -> None:
        """A rebuild gives what following gave. The chains go on meanwhile: only a pair without new facts counts."""
        while True:
            followed = await take_digest(database)
            await rebuild.rebuild(database, self.network.rules)
            rebuilt = await take_digest(database)
            if rebuilt.parts["facts"] == followed.parts["facts"]:
                assert [table for table in PROJECTIONS if rebuilt.parts[table] != followed.parts[table]] == []
                return


async def persist(call: collections.abc.Callable[[], collections.abc.Awaitable[typing.Any]]) -> typing.Any:
    """Repeat a call while the service is away, as a careful client does."""
    while True:
        try:
            return await call()
        except OrbitalError as error:
            if not (error.retryable or getattr(error, "is_temporary", False)):
                raise
        await asyncio.sleep(0.1)


async def take_digest(database: pool.Pool) -> digest.Digest:
    async with pool.snapshot(database) as connection:
        return await digest.digest(connection)


@pytest.fixture
def up_options() -> tuple[str, ...]:
    """What the devnet is started with."""
    return ("--no-demo",)


@pytest.fixture
async def devnet(
    start_up: collections.abc.Callable[..., Up], up_options: tuple[str, ...]
) -> collections.abc.AsyncIterator[Devnet]:
    up = start_up(*up_options)
    await asyncio.to_thread(up.wait_ready)
    settings = loading.load({"ORBITAL_ENV": "dev", "ORBITAL_CONFIG": str(up.data_dir / "orbital.toml")}, frozenset())
    async with contextlib.AsyncExitStack() as stack:
        rpcs = {
            chain_id: await stack.enter_async_context(Rpc(node.urls, chain_id))
            for chain_id, node in settings.nodes.items()
        }
        users = trader.list_users()
        await trader.fund(settings.network, rpcs, users)
        url = up.devnet["api_url"]
        clients = [await stack.enter_async_context(Client(url, user)) for user in users]
        built = Devnet(up, settings, rpcs, clients)
        await built.remember_balances()
        yield built


@pytest.fixture
def alive() -> collections.abc.Callable[[int], bool]:
    return is_alive


@pytest.fixture
def eventually() -> collections.abc.Callable[[collections.abc.Callable[[], object], float], None]:
    return wait_for
