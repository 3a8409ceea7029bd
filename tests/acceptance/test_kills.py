"""kill -9 of any service at any moment: every intent still ends settled or refunded, no fact is lost or doubled."""

import asyncio
import collections.abc
import contextlib
import os
import random
import signal

import pytest

from orbital.chain import hexes, keys
from orbital.chain.adapters import orbital as adapter
from orbital.chain.rpc import Rpc
from orbital.client.client import Client
from orbital.config import loading
from orbital.devnet import accounts, audit, trader
from orbital.domain.errors import OrbitalError
from orbital.domain.types import Amount
from orbital.storage import digest, pool, rebuild
from orbital.storage.settings import StorageSettings

SERVICES = (
    "api",
    "indexer-31337",
    "indexer-31338",
    "auctioneer",
    "publisher",
    "solver-1",
    "solver-2",
    "relayer",
    "postgres",
    "redis",
)
INTENTS_A_KILL = 3
KILL_WITHIN_SECONDS = 5.0
END_SECONDS = 150
PROJECTIONS = ("intents", "deadlines", "solvers")
ENDED = {"settled", "refunded"}


class Devnet:
    """A running devnet with what a test asks of it: clients of users, chains, database."""

    def __init__(self, up, settings, rpcs, clients, is_alive) -> None:
        self.is_alive = is_alive
        self.up, self.network, self.rpcs, self.clients = up, settings.network, rpcs, clients
        self.database_url = up.devnet["database_url"]

    async def kill(self, name: str) -> None:
        """Kill a service; one that is down from an earlier kill first has to come back."""
        while name not in (processes := self.up.devnet["processes"]) or not self.is_alive(processes[name]):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.kill(processes[name], signal.SIGKILL)

    async def submit(self, count: int) -> list[str]:
        """Sign intents and send them until each is taken, whatever happens to the API meanwhile."""
        intents = [
            trader.make_intent(self.network, route, client.address, 100)
            for client, route, _ in zip(
                self.clients * count, trader.walk_routes(self.network), range(count), strict=False
            )
        ]
        owners = {client.address: client for client in self.clients}
        views = await asyncio.gather(*(persist(lambda i=one: owners[i.user].submit(i)) for one in intents))
        return [view.intent_id for view in views]

    async def wait_ended(self, intent_ids: list[str]):
        async def one(intent_id):
            while True:
                view = await persist(lambda: self.clients[0].fetch_intent(intent_id))
                if view.status in ENDED:
                    return view
                await asyncio.sleep(0.2)

        async with asyncio.timeout(END_SECONDS):
            return await asyncio.gather(*(one(intent_id) for intent_id in intent_ids))


async def persist(call: collections.abc.Callable[[], collections.abc.Awaitable]):
    """Repeat a call while the service is away, as a careful client does."""
    while True:
        try:
            return await call()
        except OrbitalError as error:
            if not (error.retryable or getattr(error, "is_temporary", False)):
                raise
        await asyncio.sleep(0.1)


@pytest.fixture
async def devnet(start_up, alive):
    up = start_up("--no-demo")
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
        yield Devnet(up, settings, rpcs, clients, alive)


async def read_chain_facts(devnet: Devnet) -> set[tuple]:
    """Every settler and registry event that the chains show, up to what is indexed by now."""
    found = set()
    for chain_id, rpc in devnet.rpcs.items():
        chain = devnet.network.chains[chain_id]
        head = (await rpc.header("latest")).number
        for log in await rpc.logs(0, head, addresses=[chain.settler]):
            if log.topics[0] in adapter.EVENTS:
                found.add((chain_id, log.block_hash, log.log_index))
    return found


async def check_everything(devnet: Devnet, views, balances, role_of) -> None:
    deliveries = [
        audit.Delivery(view.to_domain(), hexes.parse_address(view.solver), Amount(int(view.output_amount)))
        for view in views
        if view.status == "settled"
    ]
    after = await audit.fetch_balances(devnet.network, devnet.rpcs, role_of)
    assert [check for check in audit.check(balances, after, deliveries, role_of) if not check.ok] == []
    database = await pool.create_pool(StorageSettings(devnet.database_url))
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        on_chain = await read_chain_facts(devnet)
        async with pool.acquire(database) as connection:
            stored = await connection.fetch(
                "SELECT f.chain_id, f.block_hash, f.log_index, b.canonical, f.name FROM facts f"
                " JOIN blocks b ON b.chain_id = f.chain_id AND b.hash = f.block_hash"
                " WHERE f.log_index IS NOT NULL AND (f.intent_id IS NOT NULL OR f.name = 'NonceInvalidated')"
            )
            assert all(row["canonical"] for row in stored)
            rows = [(row["chain_id"], row["block_hash"], row["log_index"]) for row in stored]
            assert len(rows) == len(set(rows))
            assert set(rows) == on_chain
            once = await connection.fetch(
                "SELECT intent_id, name, count(*) FROM facts WHERE name IN"
                " ('IntentSubmitted', 'IntentOpened', 'IntentFilled', 'IntentSettled', 'IntentRefunded')"
                " GROUP BY 1, 2 HAVING count(*) > 1"
            )
            assert once == []
        await check_rebuild(database, devnet)


async def take_digest(database: pool.Pool):
    async with pool.snapshot(database) as connection:
        return await digest.digest(connection)


async def check_rebuild(database: pool.Pool, devnet: Devnet) -> None:
    """A rebuild gives what following gave. The chains go on meanwhile: only a pair without new facts counts."""
    while True:
        followed = await take_digest(database)
        await rebuild.rebuild(database, devnet.network.rules)
        rebuilt = await take_digest(database)
        if rebuilt.parts["facts"] == followed.parts["facts"]:
            assert [table for table in PROJECTIONS if rebuilt.parts[table] != followed.parts[table]] == []
            return


async def run_kills(devnet: Devnet, names: list[str], seed: int) -> None:
    chance = random.Random(seed)
    solvers = [keys.parse_signer(secret).address for secret in accounts.SOLVERS]
    role_of = audit.roles(devnet.network, [client.address for client in devnet.clients], solvers)
    balances = await audit.fetch_balances(devnet.network, devnet.rpcs, role_of)
    intent_ids: list[str] = []
    for name in names:
        submitting = asyncio.create_task(devnet.submit(INTENTS_A_KILL))
        await asyncio.sleep(chance.uniform(0, KILL_WITHIN_SECONDS))
        await devnet.kill(name)
        intent_ids += await submitting
    views = await devnet.wait_ended(intent_ids)
    await check_everything(devnet, views, balances, role_of)


@pytest.mark.timeout(400)
async def test_each_service_may_be_killed_at_any_moment(devnet):
    seed = random.SystemRandom().randrange(2**32)
    names = list(SERVICES)
    random.Random(seed).shuffle(names)
    print("seed", seed, names)  # shown when it fails
    await run_kills(devnet, names, seed)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_two_hundred_kills(devnet):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    await run_kills(devnet, random.Random(seed).choices(SERVICES, k=200), seed)
