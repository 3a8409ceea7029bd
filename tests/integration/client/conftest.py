"""The service on a real port over real servers, with its auctioneer; users and solvers come through the client."""

import asyncio
import collections.abc
import contextlib
import dataclasses
import time
from typing import Any

import pytest

from orbital.api import asgi
from orbital.api.settings import ApiSettings
from orbital.auctioneer import loop
from orbital.auctioneer.settings import AuctioneerSettings
from orbital.chain import keys, rpc, token
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts, deploy, ports
from orbital.domain import facts
from orbital.domain.intent import Intent
from orbital.domain.network import Network
from orbital.realtime.hub import Hub
from orbital.storage import chains, ledger, migrate, pool
from orbital.storage.settings import StorageSettings

ORIGIN, DESTINATION = 31337, 31338
WINDOW_MS = 3000
USER = keys.parse_signer(accounts.SPARE[0])
SOLVER = keys.parse_signer(accounts.SOLVERS[0])
ADMIN = keys.parse_signer(accounts.SPARE[1])


@dataclasses.dataclass
class Service:
    url: str
    network: Network
    database: pool.Pool
    user: keys.Signer = USER
    solver: keys.Signer = SOLVER
    admin: keys.Signer = ADMIN
    nonces: int = 0

    def make_intent(self, **changes: object) -> Intent:
        self.nonces += 1
        now = int(time.time())
        origin, destination = (self.network.chains[one].tokens[0].address for one in (ORIGIN, DESTINATION))
        fields = {
            "user": USER.address, "recipient": USER.address, "origin_chain_id": ORIGIN,
            "destination_chain_id": DESTINATION, "input_token": origin, "input_amount": 1_000_000,
            "output_token": destination, "min_output_amount": 990_000, "nonce": self.nonces,
            "open_deadline": now + 600, "fill_deadline": now + 3600, "auctioneer": self.network.auctioneer,
        }  # fmt: skip
        return Intent(**(fields | changes))


async def index(database: pool.Pool, network: Network) -> None:
    """What an indexer would have stored: one block of each chain, and the solver's bond."""
    async with pool.transaction(database) as connection:
        for chain_id in network.chains:
            await chains.bind(connection, chain_id, bytes(32), 0)
            block = chains.Block(1, chain_id.to_bytes(32), bytes(32), int(time.time()))
            await chains.put_blocks(connection, chain_id, [block])
            position = facts.Position(chain_id, 1, 0, block.hash, bytes(32))
            bonded = facts.Fact(None, facts.SolverRegistered(SOLVER.address, 10**18), position, block.timestamp)
            await ledger.record(connection, [bonded], network.rules)
            await chains.advance(connection, chain_id, block)


@contextlib.asynccontextmanager
async def running(job: collections.abc.Coroutine[Any, Any, None]) -> collections.abc.AsyncIterator[None]:
    task = asyncio.create_task(job)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.fixture
async def service(
    anvil_chain: Any, database_url: str, redis_url: str, on_a_port: Any
) -> collections.abc.AsyncIterator[Service]:
    wanted = StorageSettings(database_url)
    await migrate.migrate(wanted)
    async with contextlib.AsyncExitStack() as stack:
        nodes = {one: anvil_chain(one).rpc_url for one in (ORIGIN, DESTINATION)}
        rpcs = {one: await stack.enter_async_context(rpc.Rpc([url], one)) for one, url in nodes.items()}
        network = await deploy.deploy(rpcs)
        database = await pool.create_pool(wanted)
        stack.callback(database.terminate)
        await index(database, network)
        wallet = Wallet(rpcs[ORIGIN], USER)
        coin = network.chains[ORIGIN].tokens[0].address
        await wallet.transact(coin, token.mint(USER.address, 10**9))
        await wallet.transact(coin, token.approve(network.chains[ORIGIN].settler, 2**256 - 1))
        hub = Hub(redis_url)
        await stack.enter_async_context(running(hub.run()))
        settings = ApiSettings(
            "http://orbital.example",
            "a secret of these tests only, 0123456789",
            WINDOW_MS,
            admin_addresses=frozenset({ADMIN.address}),
            rate_limit_rpm=0,
        )
        app = asgi.create_app(database, network, rpcs, hub, settings)
        port = await stack.enter_async_context(on_a_port(app))
        auctioneer = keys.parse_signer(accounts.AUCTIONEER)
        own = AuctioneerSettings(window_ms=WINDOW_MS)
        await stack.enter_async_context(running(loop.run(database, network, rpcs, auctioneer, own)))
        yield Service(f"http://{ports.LOOPBACK}:{port}", network, database)
