"""Two real chains with the deployment on them, a real database, and workers that index the one into the other."""

import asyncio
import collections.abc
import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import asyncpg
import pytest

from orbital.chain import eip712, keys, mailbox, rpc, settler, token, transactions
from orbital.chain.adapters import orbital
from orbital.devnet import accounts, anvil, deploy, files, postgres
from orbital.domain import facts
from orbital.domain.intent import Award, Intent
from orbital.domain.network import Network
from orbital.domain.types import Address, Amount, ChainId, Hash32, IntentId, UnixSeconds
from orbital.indexer import loop
from orbital.indexer.settings import IndexerSettings
from orbital.storage import chains, digest, ledger, migrate, pool
from orbital.storage.settings import StorageSettings

ORIGIN, DESTINATION = ChainId(31337), ChainId(31338)
WAIT_SECONDS = 30.0
PROGRAM = pathlib.Path(__file__).with_name("worker_program.py")


@dataclasses.dataclass(frozen=True)
class Match:
    """A signed intent with its award."""

    intent: Intent
    award: Award
    user_signature: bytes
    award_signature: bytes

    @property
    def intent_id(self) -> IntentId:
        return self.award.intent_id


class World:
    """Both chains: what users, solvers, the auctioneer and the relayer do there. Workers read from `sources`."""

    origin, destination = ORIGIN, DESTINATION
    solver = keys.parse_signer(accounts.SOLVERS[0])
    user = keys.parse_signer(accounts.SPARE[0])
    auctioneer = keys.parse_signer(accounts.AUCTIONEER)
    validator = keys.parse_signer(accounts.VALIDATOR_AND_RELAYER)

    def __init__(
        self, network: Network, nodes: dict[ChainId, rpc.Rpc], running: dict[ChainId, anvil.Chain], database: pool.Pool
    ) -> None:
        self.network, self.nodes, self.running, self.database = network, nodes, running, database
        self.sources = {chain_id: (node, [running[chain_id].ws_url]) for chain_id, node in nodes.items()}
        self.nonces = 0
        self.wallets = {
            (chain_id, signer.address): transactions.Wallet(node, signer)
            for chain_id, node in nodes.items()
            for signer in (self.solver, self.user, self.validator)
        }

    def wallet(self, chain_id: ChainId, signer: keys.Signer) -> transactions.Wallet:
        return self.wallets[chain_id, signer.address]

    def settler(self, chain_id: ChainId) -> Address:
        return self.network.chains[chain_id].settler

    async def match(self, **changes: object) -> Match:
        """An intent that its user can pay, with an award that its solver can deliver."""
        self.nonces += 1
        head = await self.nodes[ORIGIN].header("latest")
        fields = {
            "user": self.user.address,
            "recipient": keys.parse_signer(accounts.SPARE[1]).address,
            "origin_chain_id": ORIGIN,
            "destination_chain_id": DESTINATION,
            "input_token": self.network.chains[ORIGIN].tokens[0].address,
            "input_amount": Amount(1_000_000),
            "output_token": self.network.chains[DESTINATION].tokens[0].address,
            "min_output_amount": Amount(990_000),
            "nonce": self.nonces,
            "open_deadline": UnixSeconds(head.timestamp + 600),
            "fill_deadline": UnixSeconds(head.timestamp + 1200),
            "auctioneer": self.auctioneer.address,
        }
        intent = Intent(**(fields | changes))
        intent_id = eip712.intent_id(intent, self.settler(ORIGIN))
        award = Award(
            intent_id, self.solver.address, Amount(995_000), UnixSeconds(head.timestamp + 300), intent.fill_deadline
        )
        digest = eip712.award_digest(award, ORIGIN, self.settler(ORIGIN))
        return Match(intent, award, self.user.sign(Hash32(intent_id)), self.auctioneer.sign(digest))

    async def allow(self) -> None:
        """Give the user coins, and both settlers leave to take them."""
        tokens = {chain_id: chain.tokens[0].address for chain_id, chain in self.network.chains.items()}
        user = self.wallet(ORIGIN, self.user)
        await user.transact(tokens[ORIGIN], token.mint(self.user.address, 10**12))
        await user.transact(tokens[ORIGIN], token.approve(self.settler(ORIGIN), 10**12))
        solver = self.wallet(DESTINATION, self.solver)
        await solver.transact(tokens[DESTINATION], token.approve(self.settler(DESTINATION), 10**12))

    async def open(self, match: Match) -> rpc.Receipt:
        data = settler.open_for(match.intent, match.user_signature, match.award, match.award_signature)
        return await self.wallet(ORIGIN, self.solver).transact(self.settler(ORIGIN), data)

    async def fill(self, match: Match) -> rpc.Receipt:
        data = settler.fill(match.intent, match.award, match.award_signature, self.solver.address)
        wallet = self.wallet(DESTINATION, self.solver)
        return await wallet.transact(self.settler(DESTINATION), data, deploy.DISPATCH_FEE_WEI)

    async def relay(self, receipt: rpc.Receipt) -> rpc.Receipt:
        """Deliver on the origin what a transaction on the destination dispatched."""
        (packed,) = (
            fact.event.message
            for log in receipt.logs
            if (fact := orbital.decode(DESTINATION, log, UnixSeconds(0))) is not None
            and isinstance(fact.event, facts.Dispatch)
        )
        data = mailbox.process(mailbox.sign_metadata(self.validator, packed), packed)
        return await self.wallet(ORIGIN, self.validator).transact(self.network.chains[ORIGIN].mailbox, data)

    async def settle(self, match: Match) -> rpc.Receipt:
        """Open, fill and repay; returns the last receipt."""
        await self.open(match)
        return await self.relay(await self.fill(match))

    async def mine(self, chain_id: ChainId, blocks: int = 1) -> None:
        await self.nodes[chain_id].request("anvil_mine", hex(blocks))

    async def warp(self, chain_id: ChainId, timestamp: int) -> None:
        await self.nodes[chain_id].request("evm_setNextBlockTimestamp", timestamp)
        await self.mine(chain_id)

    async def reorg(self, chain_id: ChainId, depth: int) -> None:
        """Replace the newest blocks by empty ones; nonces go back with them."""
        await self.nodes[chain_id].request("anvil_reorg", depth, [])
        for (where, _), wallet in self.wallets.items():
            if where == chain_id:
                wallet.forget_nonce()

    @contextlib.asynccontextmanager
    async def indexing(self, *chain_ids: ChainId, **changes: object) -> collections.abc.AsyncIterator[None]:
        """Run a worker for each chain (both by default); its failure is the test's."""
        settings = IndexerSettings(**changes)
        tasks = [
            asyncio.create_task(
                loop.run(
                    self.database,
                    *self.sources[chain_id],
                    self.network,
                    chain_id,
                    settings,
                )
            )
            for chain_id in chain_ids or self.nodes
        ]
        try:
            yield
            assert [task for task in tasks if task.done()] == []
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert [one for one in ended if not isinstance(one, asyncio.CancelledError)] == []

    async def caught_up(self, *chain_ids: ChainId) -> None:
        """Return once the checkpoints are the nodes' heads."""
        for chain_id in chain_ids or self.nodes:
            await eventually(lambda one=chain_id: self.is_caught_up(one))

    async def is_caught_up(self, chain_id: ChainId) -> bool:
        head = await self.sources[chain_id][0].header("latest")
        found = await self.checkpoint(chain_id)
        return found is not None and found.hash == head.hash

    async def checkpoint(self, chain_id: ChainId) -> chains.Checkpoint | None:
        async with pool.acquire(self.database) as connection:
            return await chains.find_checkpoint(connection, chain_id)

    async def fetch(self, query: str, *arguments: object) -> list[dict[str, object]]:
        async with pool.acquire(self.database) as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]

    async def names(self, match: Match) -> list[str]:
        """Names of an intent's canonical facts, in alphabetical order."""
        query = "SELECT name FROM canonical_facts WHERE intent_id = $1 ORDER BY name"
        return [row["name"] for row in await self.fetch(query, match.intent_id)]

    async def status(self, match: Match) -> str | None:
        rows = await self.fetch("SELECT status FROM intents WHERE intent_id = $1", match.intent_id)
        return rows[0]["status"] if rows else None


async def eventually(holds: collections.abc.Callable[[], collections.abc.Awaitable[bool]]) -> None:
    """Return once `holds`; fail after a while."""
    until = time.monotonic() + WAIT_SECONDS
    while not await holds():
        assert time.monotonic() < until, "it did not come about in time"
        await asyncio.sleep(0.02)


@pytest.fixture
def wait_until() -> collections.abc.Callable[..., collections.abc.Awaitable[None]]:
    return eventually


@pytest.fixture
async def other_url(postgres_server: postgres.Server, database_url: str) -> collections.abc.AsyncIterator[str]:
    """A second migrated database."""
    name = database_url.rpartition("/")[2] + "_again"
    url = postgres_server.url.rpartition("/")[0] + f"/{name}"
    admin = await asyncpg.connect(postgres_server.url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await migrate.migrate(StorageSettings(url))
    yield url
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def slots_in_an_epoch() -> int:
    """Half the distance from the head to what is final."""
    return 32


@pytest.fixture
async def world(
    anvil_chain: collections.abc.Callable[..., anvil.Chain], database: pool.Pool, slots_in_an_epoch: int
) -> collections.abc.AsyncIterator[World]:
    running = {
        chain_id: anvil_chain(chain_id, slots_in_an_epoch=slots_in_an_epoch) for chain_id in (ORIGIN, DESTINATION)
    }
    async with contextlib.AsyncExitStack() as stack:
        nodes = {
            chain_id: await stack.enter_async_context(rpc.Rpc([chain.rpc_url], chain_id))
            for chain_id, chain in running.items()
        }
        built = World(await deploy.deploy(nodes), nodes, running, database)
        await built.allow()
        yield built


@pytest.fixture
def fingerprint(database: pool.Pool) -> collections.abc.Callable[[], collections.abc.Awaitable[object]]:
    """Digests of ledger and projections by table."""

    async def take() -> object:
        async with pool.acquire(database) as connection:
            return await digest.digest(connection)

    return take


@pytest.fixture
def reset(database: pool.Pool) -> collections.abc.Callable[[], collections.abc.Awaitable[None]]:
    """Empty every table but that of the migrations."""

    async def empty() -> None:
        async with pool.acquire(database) as connection:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'schema_migrations'"
            )
            await connection.execute(f"TRUNCATE {', '.join(row['tablename'] for row in tables)}")

    return empty


class Worker:
    """An indexer in a process of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    @property
    def is_running(self) -> bool:
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def send_signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        """As a crash would end it; returns once it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self.send_signal(signal.SIGKILL)
        while self.is_running:
            time.sleep(0.001)


@pytest.fixture
def spawn_worker(
    world: World, database_url: str, tmp_path: pathlib.Path
) -> collections.abc.Iterator[collections.abc.Callable[..., contextlib.AbstractContextManager[Worker]]]:
    """`with spawn_worker(chain_id, **settings) as worker`: it ends with the block; its log is `worker.log`."""
    deploy.save(tmp_path / "network.json", "test", world.network)
    with (tmp_path / "worker.log").open("ab") as log:
        forking = subprocess.Popen(
            [sys.executable, str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )

    @contextlib.contextmanager
    def spawn(chain_id: ChainId, **changes: object) -> collections.abc.Iterator[Worker]:
        given = {
            "chain_id": chain_id,
            "network": str(tmp_path / "network.json"),
            "database_url": database_url,
            "rpc_url": world.running[chain_id].rpc_url,
            "ws_urls": [world.running[chain_id].ws_url],
            "settings": changes,
        }
        print(json.dumps(given), file=forking.stdin, flush=True)
        worker = Worker(int(forking.stdout.readline()))
        try:
            yield worker
        finally:
            worker.kill()

    yield spawn
    forking.communicate()


@pytest.fixture
def environment(world: World, database_url: str, tmp_path: pathlib.Path) -> dict[str, str]:
    """What a process of the stack is told: where the settings file of this deployment is, and its database."""
    endpoints = {chain_id: files.Endpoint(chain.rpc_url, chain.ws_url) for chain_id, chain in world.running.items()}
    config = files.write_config(tmp_path, world.network, endpoints)
    return {**os.environ, "ORBITAL_ENV": "dev", "ORBITAL_CONFIG": str(config), "DATABASE_URL": database_url}


@pytest.fixture
def serve_indexer(
    environment: dict[str, str], tmp_path: pathlib.Path
) -> collections.abc.Callable[..., contextlib.AbstractContextManager[subprocess.Popen[bytes]]]:
    """`with serve_indexer(chain_id, **variables) as process`: `orbital serve indexer` as an operator starts it."""

    @contextlib.contextmanager
    def serve(chain_id: ChainId, **changes: str) -> collections.abc.Iterator[subprocess.Popen[bytes]]:
        argv = [sys.executable, "-m", "orbital", "serve", "indexer", "--chain", str(chain_id)]
        with (tmp_path / "indexer.log").open("ab") as log:
            process = subprocess.Popen(argv, env={**environment, **changes}, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    return serve


@pytest.fixture
def submit(world: World) -> collections.abc.Callable[..., collections.abc.Awaitable[None]]:
    """Take an intent as intake does."""

    async def take(match: Match, timestamp: int = 1) -> None:
        fact = facts.Fact(match.intent_id, facts.IntentSubmitted(match.intent), None, UnixSeconds(timestamp))
        async with pool.transaction(world.database) as connection:
            await ledger.record(connection, [fact], world.network.rules)

    return take
