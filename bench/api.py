"""The API's overhead: one worker of it against the same SQL without it, in alternating rounds of one run.

Reading an intent is compared with a bare ASGI application that runs the same statement through the same kind of pool
under the same server; taking one, with what can't be left out: recovering the signer and the statements of that very
transaction, sent by the driver alone. The chain's node, which only the API asks, counts against the API. Limits are off
(`RATE_LIMIT_RPM=0`): they are a question to Redis that the bare application does not ask.
"""

import contextlib
import dataclasses
import multiprocessing
import pathlib
import random
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from typing import Any

import asyncpg
import orjson
import uvicorn
import uvloop

from harness import load
from orbital.api import asgi, intake
from orbital.api.deps import Services
from orbital.api.settings import ApiSettings
from orbital.app import api as app_api
from orbital.app import process as app_process
from orbital.chain import eip712, hexes, keys, token
from orbital.chain.gather import Gather
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts, anvil, deploy, postgres, process, settings
from orbital.domain import facts
from orbital.domain.intent import Intent
from orbital.domain.network import Network
from orbital.domain.types import Address, ChainId, UnixSeconds
from orbital.realtime.hub import Hub
from orbital.storage import ledger, migrate, pool, sql
from orbital.storage.settings import StorageSettings

ORIGIN, DESTINATION = ChainId(31337), ChainId(31338)
NO_REDIS = "redis://127.0.0.1:1"  # nothing here waits for an event, so nobody listens for any
ROUNDS = 9
ROUND_SECONDS = 0.7
USERS = 16
KNOWN = 500
SUBMISSIONS = 96
READ_TARGET, SUBMIT_TARGET = 0.55, 0.5
FIND = sql.load("intents")["find_intent"]
LEGS = {
    "open": {"chain_id": ORIGIN, "tx_hash": "0x" + "11" * 32, "block_number": 7, "log_index": 0, "timestamp": 1000},
    "fill": {
        "chain_id": DESTINATION,
        "tx_hash": "0x" + "22" * 32,
        "block_number": 9,
        "log_index": 1,
        "timestamp": 1010,
    },
}


@dataclass(frozen=True)
class World:
    """What runs: databases by name, and chains."""

    urls: dict[str, str]
    network: Network
    nodes: dict[ChainId, str]


# The two servers, each in a process of its own.


def serve_api(world: World, pipe: Pipe) -> None:
    app_process.calm_collector(app_api.COLLECTOR_THRESHOLDS)

    async def run() -> None:
        async with contextlib.AsyncExitStack() as stack:
            rpcs = {one: await stack.enter_async_context(Rpc([url], one)) for one, url in world.nodes.items()}
            database = await pool.create_pool(StorageSettings(world.urls["api"], pool_max=20))
            hub = Hub(NO_REDIS)
            await serve(asgi.create_app(database, world.network, rpcs, hub, api_settings()), pipe)

    uvloop.run(run())


def serve_bare(world: World, pipe: Pipe) -> None:
    async def run() -> None:
        database = await pool.create_pool(StorageSettings(world.urls["api"], pool_max=20))

        async def app(scope: Any, _receive: Any, send: Any) -> None:
            async with database.driver.acquire() as connection:
                row = await connection.fetchrow(FIND, bytes.fromhex(scope["path"][-64:]))
            content = orjson.dumps({"intent_id": row["intent_id"].hex(), "status": row["status"]})
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": content})

        await serve(app, pipe)

    uvloop.run(run())


async def serve(app: Any, pipe: Pipe) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        pipe.send(listening.getsockname()[1])
        config = uvicorn.Config(
            app,
            loop="none",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,
        )
        await uvicorn.Server(config).serve([listening])


def api_settings() -> ApiSettings:
    return ApiSettings("http://127.0.0.1", "no caller of this bench logs in, so this signs nothing", rate_limit_rpm=0)


@contextlib.contextmanager
def started(target: Callable[[World, Pipe], None], world: World) -> Iterator[load.Server]:
    """A server in its own process."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    child = spawn.Process(target=target, args=(world, theirs), daemon=True)
    child.start()
    try:
        if not ours.poll(30):
            raise RuntimeError("a server did not start")
        assert child.pid is not None
        yield load.Server(ours.recv(), child.pid)
    finally:
        child.terminate()
        child.join()


# What there is before anything is measured.


@contextlib.asynccontextmanager
async def prepared() -> AsyncIterator[tuple[World, list[keys.Signer]]]:
    """The world, and users who have something to offer in it."""
    with contextlib.ExitStack() as running:
        folder = pathlib.Path(running.enter_context(tempfile.TemporaryDirectory(prefix="orbital-bench-")))
        server = postgres.prepare(settings.PostgresSettings(data_dir=folder / "postgres", durable=False))
        running.enter_context(process.start(server.command, folder / "postgres.log"))
        nodes = {}
        for chain_id in (ORIGIN, DESTINATION):
            home = folder / str(chain_id)
            home.mkdir()
            chain = anvil.prepare(settings.AnvilSettings(data_dir=home, chain_id=chain_id, block_seconds=0))
            running.enter_context(process.start(chain.command, home / "anvil.log"))
            nodes[chain_id] = chain.rpc_url
        async with contextlib.AsyncExitStack() as stack:
            rpcs = {one: await stack.enter_async_context(Rpc([url], one)) for one, url in nodes.items()}
            network = await deploy.deploy(rpcs)
            users = [await fund(rpcs[ORIGIN], network) for _ in range(USERS)]
        urls = {name: await create_database(server.url, name) for name in ("api", "draft", "bare")}
        yield World(urls, network, nodes), users


async def create_database(server_url: str, name: str) -> str:
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await connection.close()
    url = server_url.rpartition("/")[0] + f"/{name}"
    await migrate.migrate(StorageSettings(url))
    return url


async def fund(rpc: Rpc, network: Network) -> keys.Signer:
    """A user with tokens on the origin that the settler may take."""
    user, chain = keys.generate_signer(), network.chains[ORIGIN]
    coin = chain.tokens[0].address
    await rpc.request("anvil_setBalance", hexes.to_hex(user.address), hex(10**18))
    await Wallet(rpc, keys.parse_signer(accounts.DEPLOYER)).transact(coin, token.mint(user.address, 10**15))
    await Wallet(rpc, user).transact(coin, token.approve(chain.settler, 10**15))
    return user


def offer(world: World, user: keys.Signer, nonce: int) -> tuple[Intent, bytes]:
    """A signed intent that intake takes."""
    chains, now = world.network.chains, int(time.time())
    intent = Intent(
        user=user.address,
        recipient=user.address,
        origin_chain_id=ORIGIN,
        destination_chain_id=DESTINATION,
        input_token=chains[ORIGIN].tokens[0].address,
        input_amount=1_000_000,
        output_token=chains[DESTINATION].tokens[0].address,
        min_output_amount=990_000,
        nonce=nonce,
        open_deadline=UnixSeconds(now + 600),
        fill_deadline=UnixSeconds(now + 3600),
        auctioneer=world.network.auctioneer,
    )
    return intent, user.sign(eip712.intent_id(intent, chains[ORIGIN].settler))


# Reading.


async def compare_reads(world: World) -> None:
    requests = await put_known(world)
    pairs = []
    with started(serve_api, world) as api, started(serve_bare, world) as bare:
        for number in range(ROUNDS + 1):
            first, second = (api, bare) if number % 2 else (bare, api)
            rounds = {one: await load.load(one, random_of(requests), 200, ROUND_SECONDS) for one in (first, second)}
            if number:  # the first is for warming up
                pairs.append((rounds[api], rounds[bare]))
    load.report("GET an intent", pairs, READ_TARGET, "the statement alone")


async def put_known(world: World) -> list[bytes]:
    """Intents with two legs; returns a request for each."""
    settler = world.network.chains[ORIGIN].settler
    stranger = keys.generate_signer()
    known = [offer(world, stranger, nonce)[0] for nonce in range(KNOWN)]
    ids = [eip712.intent_id(one, settler) for one in known]
    new = [
        facts.Fact(intent_id, facts.IntentSubmitted(one), None, UnixSeconds(1000))
        for intent_id, one in zip(ids, known, strict=True)
    ]
    database = await pool.create_pool(StorageSettings(world.urls["api"]))
    async with pool.transaction(database) as connection:
        await ledger.record(connection, new, world.network.rules)
        await connection.execute("UPDATE intents SET legs = $1, status = 'settled'", LEGS)
    database.terminate()
    return [f"GET /api/v1/intents/0x{one.hex()} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for one in ids]


def random_of(requests: list[bytes]) -> Iterator[bytes]:
    pick = random.Random(7)
    while True:
        yield pick.choice(requests)


# Taking.


async def compare_submissions(world: World, users: list[keys.Signer]) -> None:
    pairs, nodes, settler = [], [], world.network.chains[ORIGIN].settler
    async with contextlib.AsyncExitStack() as stack:
        rpcs = {one: await stack.enter_async_context(Rpc([url], one)) for one, url in world.nodes.items()}
        draft, bare = [
            await pool.create_pool(StorageSettings(world.urls[one], pool_max=20)) for one in ("draft", "bare")
        ]
        stack.callback(draft.terminate)
        stack.callback(bare.terminate)
        services = Services(draft, world.network, rpcs, Hub(NO_REDIS), api_settings(), time.time, time.time())
        api = stack.enter_context(started(serve_api, world))
        gather = Gather(rpcs[ORIGIN])
        for number in range(ROUNDS + 1):
            nonces = range(number * SUBMISSIONS, (number + 1) * SUBMISSIONS)
            offers = [offer(world, users[one % USERS], one) for one in nonces]
            said = [await record(services, *one) for one in offers]
            ours = await load.load(api, iter([post(*one) for one in offers]), 201)
            theirs = await replay(bare, offers, said, settler)
            node = await ask_node(gather, offers)
            if number:
                pairs.append((ours, theirs))
                nodes.append(node)
    load.report("POST an intent", pairs, SUBMIT_TARGET, "signer and SQL alone")
    lenient = statistics.median(
        ours.capacity * (1 / theirs.capacity + 1 / node.capacity)
        for (ours, theirs), node in zip(pairs, nodes, strict=True)
    )
    capacity = statistics.median(one.capacity for one in nodes)
    print(f"  asking the node alone: {capacity:.0f} req/CPU s; were that in the other side too: ratio {lenient:.2f}")


def post(intent: Intent, signature: bytes) -> bytes:
    fields = {
        name: hexes.to_hex(value) if isinstance(value, bytes) else value
        for name in Intent.__dataclass_fields__
        for value in [getattr(intent, name)]
    }
    for name in ("input_amount", "min_output_amount", "nonce"):
        fields[name] = str(fields[name])
    body = orjson.dumps({"intent": fields, "signature": hexes.to_hex(signature)})
    head = (
        f"POST /api/v1/intents HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    return head.encode() + b"\r\n\r\n" + body


class Recorder:
    """Stands for a pool and notes what is said on its connections within transactions."""

    def __init__(self, database: pool.Pool) -> None:
        self._driver = database.driver
        self.driver, self.line, self.explain = self, database.line, database.explain
        self._inside = False
        self.said: list[tuple[str, tuple[Any, ...]]] = []

    async def acquire(self) -> Any:
        connection = await self._driver.acquire()
        connection.add_query_logger(self._note)
        return connection

    async def release(self, connection: Any, *, timeout: float) -> None:  # noqa: ASYNC109 - the driver's interface
        connection.remove_query_logger(self._note)
        await self._driver.release(connection, timeout=timeout)

    def _note(self, logged: Any) -> None:
        if logged.query in {"BEGIN;", "COMMIT;"}:
            self._inside = logged.query == "BEGIN;"
        elif self._inside:
            calls = logged.args if isinstance(logged.args, list) else [logged.args]  # a list: of `executemany`
            self.said += [(logged.query, tuple(one)) for one in calls]


async def record(draft: Services, intent: Intent, signature: bytes) -> list[tuple[str, tuple[Any, ...]]]:
    """The statements of the transaction by which intake takes this intent into a database that only serves for this."""
    recorder: Any = Recorder(draft.pool)
    await intake.submit(dataclasses.replace(draft, pool=recorder), intent, signature)
    if not recorder.said:
        raise RuntimeError("intake said nothing to the database")
    return recorder.said


async def replay(
    database: pool.Pool,
    offers: list[tuple[Intent, bytes]],
    statements: list[list[tuple[str, tuple[Any, ...]]]],
    settler: Address,
) -> load.Round:
    """Recover each signer, then say the same to another database."""
    waiting = iter(zip(offers, statements, strict=True))

    async def work() -> list[float]:
        taken = []
        for (intent, signature), said in waiting:
            begun = time.perf_counter()
            if keys.recover(eip712.intent_id(intent, settler), signature) != intent.user:
                raise RuntimeError("somebody else signed")
            async with pool.transaction(database) as connection:
                for statement, arguments in said:
                    await connection.fetch(statement, *arguments)
            taken.append(time.perf_counter() - begun)
        return taken

    return await load.timed([work() for _ in range(load.CALLERS)])


async def ask_node(gather: Gather, offers: list[tuple[Intent, bytes]]) -> load.Round:
    """Three calls for each, as intake asks."""
    waiting = iter(offers)

    async def work() -> list[float]:
        taken = []
        for intent, _ in waiting:
            begun = time.perf_counter()
            call = (intent.input_token, token.load().encode_call("balanceOf", intent.user))
            await gather.call_many([call] * 3)
            taken.append(time.perf_counter() - begun)
        return taken

    return await load.timed([work() for _ in range(load.CALLERS)])


async def main() -> None:
    async with prepared() as (world, users):
        print(f"one worker, {load.CALLERS} callers, medians of {ROUNDS} paired rounds; Python {sys.version.split()[0]}")
        await compare_reads(world)
        await compare_submissions(world, users)


if __name__ == "__main__":
    uvloop.run(main())
