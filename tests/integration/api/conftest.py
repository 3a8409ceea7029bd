"""The API over real servers: PostgreSQL, Redis, two chains with the contracts; users and solvers as callers."""

import asyncio
import collections.abc
import contextlib
import dataclasses
import json
import pathlib
import time
import typing

import httpx
import pytest

from orbital.api import asgi, settings
from orbital.chain import eip712, hexes, keys, token
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts, anvil, deploy, process
from orbital.devnet import settings as devnet_settings
from orbital.domain import facts
from orbital.domain.errors import Conflict
from orbital.domain.intent import Award, Bid, Intent
from orbital.domain.lifecycle import Status
from orbital.domain.network import Network
from orbital.domain.solver import Registration
from orbital.domain.types import (
    Address,
    Amount,
    BlockNumber,
    ChainId,
    Hash32,
    IntentId,
    UnixSeconds,
)
from orbital.realtime.hub import Hub
from orbital.storage import auctions, chains, claims, intents, ledger, migrate, pool
from orbital.storage.settings import StorageSettings

ORIGIN, DESTINATION = ChainId(31337), ChainId(31338)
PUBLIC_URL = "https://orbital.example"
JWT_SECRET = "a secret that only the tests of this folder use, and nothing else"
DENIED = keys.generate_signer()
ADMIN = keys.generate_signer()
Json = dict[str, typing.Any]


@dataclasses.dataclass(frozen=True)
class World:
    """Two running chains with the contracts on them."""

    network: Network
    urls: dict[ChainId, str]


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> collections.abc.Iterator[World]:
    with contextlib.ExitStack() as running:
        urls = {}
        for chain_id in (ORIGIN, DESTINATION):
            folder = tmp_path_factory.mktemp("chains")
            wanted = devnet_settings.AnvilSettings(data_dir=folder, chain_id=chain_id, block_seconds=0)
            chain = anvil.prepare(wanted)
            running.enter_context(process.start(chain.command, folder / "anvil.log"))
            urls[chain_id] = chain.rpc_url
        yield World(asyncio.run(_deploy(urls)), urls)


async def _deploy(urls: dict[ChainId, str]) -> Network:
    async with contextlib.AsyncExitStack() as stack:
        rpcs = {one: await stack.enter_async_context(Rpc([url], one)) for one, url in urls.items()}
        return await deploy.deploy(rpcs)


class Api:
    """The running application and those who use it. `clock` is added to the host's time."""

    def __init__(self, network: Network, rpcs: dict[ChainId, Rpc], database: pool.Pool, hub: Hub) -> None:
        self.network, self.rpcs, self.database, self.hub = network, rpcs, database, hub
        self.clock_offset = 0.0
        self.settings = settings.ApiSettings(
            public_url=PUBLIC_URL,
            jwt_secret=JWT_SECRET,
            denied=frozenset({DENIED.address}),
            admin_addresses=frozenset({ADMIN.address}),
            rate_limit_rpm=0,
            auction_window_ms=60_000,  # nobody closes rounds here, and a bid may come late on a slow machine
            submit_chain_seconds=60.0,  # a hundred at once take a slow machine long; tests of silent nodes have less
        )
        self.app = asgi.create_app(database, network, rpcs, hub, self.settings, self.now)
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=PUBLIC_URL)
        self.denied, self.admin = DENIED, ADMIN
        self._nonce = 0

    def now(self) -> float:
        return time.time() + self.clock_offset

    @property
    def input_token(self) -> Address:
        return self.network.chains[ORIGIN].tokens[0].address

    @property
    def output_token(self) -> Address:
        return self.network.chains[DESTINATION].tokens[0].address

    def intent(self, user: Address, **changes: typing.Any) -> Intent:
        """An offer that intake takes, if the user has what he offers."""
        self._nonce += 1
        now = int(self.now())
        fields: Json = {
            "user": user,
            "recipient": user,
            "origin_chain_id": ORIGIN,
            "destination_chain_id": DESTINATION,
            "input_token": self.input_token,
            "input_amount": 1_000_000,
            "output_token": self.output_token,
            "min_output_amount": 990_000,
            "nonce": self._nonce,
            "open_deadline": now + 600,
            "fill_deadline": now + 3600,
            "auctioneer": self.network.auctioneer,
        }
        return Intent(**fields | changes)

    def intent_id(self, intent: Intent) -> IntentId:
        chain = self.network.chains.get(intent.origin_chain_id, self.network.chains[ORIGIN])
        return eip712.intent_id(intent, chain.settler)

    def submission(self, intent: Intent, signer: keys.Signer) -> Json:
        """The body of a submission, signed."""
        signature = signer.sign(Hash32(self.intent_id(intent)))
        return {"intent": write_intent(intent), "signature": hexes.to_hex(signature)}

    async def funded_user(self, balance: int = 10**12, allowance: int = 10**12) -> keys.Signer:
        """A new account with input tokens that the settler may take."""
        signer = keys.generate_signer()
        await self.fund(signer, balance, allowance)
        return signer

    async def fund(self, signer: keys.Signer, balance: int, allowance: int, chain_id: ChainId = ORIGIN) -> None:
        """Coins, and as much of the chain's first token as is wanted."""
        rpc, chain = self.rpcs[chain_id], self.network.chains[chain_id]
        await rpc.request("anvil_setBalance", hexes.to_hex(signer.address), hex(10**18))
        coin = chain.tokens[0].address
        await Wallet(rpc, keys.parse_signer(accounts.DEPLOYER)).transact(coin, token.mint(signer.address, balance))
        await Wallet(rpc, signer).transact(coin, token.approve(chain.settler, allowance))

    async def submit(self, intent: Intent, signer: keys.Signer) -> httpx.Response:
        return await self.client.post("/api/v1/intents", json=self.submission(intent, signer))

    async def submitted(self, signer: keys.Signer, **changes: typing.Any) -> Intent:
        """An intent of this user that was taken."""
        intent = self.intent(signer.address, **changes)
        answer = await self.submit(intent, signer)
        assert answer.status_code == 201, answer.text
        return intent

    async def challenge(self, signer: keys.Signer) -> Json:
        body = {"address": hexes.to_checksum(signer.address), "chain_id": ORIGIN}
        answer = await self.client.post("/api/v1/auth/challenge", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def log_in(self, signer: keys.Signer) -> Json:
        """The token pair of a new session of this account."""
        made = await self.challenge(signer)
        answer = await self.client.post("/api/v1/auth/login", json=sign_message(signer, made["message"]))
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def login(self, signer: keys.Signer) -> Json:
        """Headers with the access token of this account."""
        return self.bearer(await self.log_in(signer))

    @staticmethod
    def bearer(pair: Json) -> Json:
        return {"Authorization": f"Bearer {pair['access_token']}"}

    @contextlib.asynccontextmanager
    async def another_process(
        self, rpcs: dict[ChainId, Rpc] | None = None, **changed: typing.Any
    ) -> collections.abc.AsyncIterator[httpx.AsyncClient]:
        """A second application over the same database, with some settings, or nodes, of its own."""
        own = dataclasses.replace(self.settings, **changed)
        app = asgi.create_app(self.database, self.network, rpcs or self.rpcs, self.hub, own, self.now)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=PUBLIC_URL) as client:
            yield client

    async def bonded_solver(self, bond_wei: int = 10**18) -> keys.Signer:
        """A solver whose bond the registry's chain shows."""
        signer = keys.generate_signer()
        await self.bond(signer.address, bond_wei)
        return signer

    async def bond(self, address: Address, bond_wei: int) -> None:
        await self.record_on_chain(ORIGIN, facts.SolverRegistered(address, Amount(bond_wei)))

    async def record_on_chain(self, *log: typing.Any, **place: typing.Any) -> None:
        """`write_step` in a transaction of its own."""
        async with pool.transaction(self.database) as connection:
            await self.write_step(connection, *log, **place)

    async def write_step(
        self,
        connection: pool.Connection,
        chain_id: ChainId,
        event: facts.Event,
        intent_id: IntentId | None = None,
        time_: int | None = None,
        number: int | None = None,
    ) -> None:
        """What an indexer does with one log in a new block, the next one unless it is given."""
        timestamp = UnixSeconds(int(self.now()) if time_ is None else time_)
        bound = await chains.bind(connection, chain_id, Hash32(b"\7" * 32), BlockNumber(0))
        number = BlockNumber(bound.next_block if number is None else number)
        block_hash = Hash32(number.to_bytes(32))
        block = chains.Block(number, block_hash, Hash32(bytes(32)), timestamp)
        await chains.put_blocks(connection, chain_id, [block])
        position = facts.Position(chain_id, number, 0, block_hash, Hash32(b"\1" * 32))
        fact = facts.Fact(intent_id, event, position, timestamp)
        await ledger.record(connection, [fact], self.network.rules)
        await chains.advance(connection, chain_id, block)

    async def award(self, intent: Intent, solver: Address, output_amount: int, round_: int = 1) -> Award:
        """What the auctioneer commits when it awards a round."""
        intent_id = self.intent_id(intent)
        now = int(self.now())
        award = Award(intent_id, solver, Amount(output_amount), UnixSeconds(now + 60), UnixSeconds(now + 180))
        async with pool.transaction(self.database) as connection:
            await claims.lock_intents(connection, [intent_id])
            event = facts.IntentAwarded(round_, solver, award.output_amount, award.open_by, award.fill_by)
            fact = facts.Fact(intent_id, event, None, await ledger.now(connection))
            await ledger.record(connection, [fact], self.network.rules)
            await auctions.close_round(connection, intent_id, round_, "closed", None)
            signature = keys.parse_signer(accounts.AUCTIONEER).sign(
                eip712.award_digest(award, ORIGIN, self.network.chains[ORIGIN].settler)
            )
            await auctions.put_award(connection, award, round_, signature, 1)
        return award

    async def award_if_pending(self, intent: Intent, solver: Address) -> None:
        """The auctioneer's way to award: only what is still pending once it holds the row."""
        intent_id = self.intent_id(intent)
        async with pool.transaction(self.database) as connection:
            await claims.lock_intents(connection, [intent_id])
            view = await intents.find(connection, intent_id)
            if view is None or view.status is not Status.PENDING:
                raise Conflict("not_pending", "Somebody was faster.")
            now = await ledger.now(connection)
            event = facts.IntentAwarded(1, solver, Amount(995_000), UnixSeconds(now + 60), UnixSeconds(now + 180))
            await ledger.record(connection, [facts.Fact(intent_id, event, None, now)], self.network.rules)

    async def lapse(self, intent: Intent, solver: Address, round_: int) -> None:
        """An award of this round that its solver let lapse, as the ledger tells it."""
        intent_id = self.intent_id(intent)
        async with pool.transaction(self.database) as connection:
            now = await ledger.now(connection)
            past = UnixSeconds(now - 100)
            events = (
                facts.IntentAwarded(round_, solver, Amount(995_000), past, past),
                facts.AwardLapsed(round_, solver, facts.Fault.SOLVER),
            )
            new = [facts.Fact(intent_id, event, None, now) for event in events]
            await ledger.record(connection, new, self.network.rules)

    def bid(self, intent: Intent, signer: keys.Signer, **changes: typing.Any) -> Json:
        """The body of a bid, signed by its solver."""
        fields: Json = {
            "intent_id": self.intent_id(intent),
            "solver": signer.address,
            "output_amount": 995_000,
            "valid_until": int(self.now()) + 120,
        }
        bid = Bid(**fields | changes)
        digest = eip712.bid_digest(bid, ORIGIN, self.network.chains[ORIGIN].settler)
        return {
            "bid": {
                "intent_id": hexes.to_hex(bid.intent_id),
                "solver": hexes.to_checksum(bid.solver),
                "output_amount": str(bid.output_amount),
                "valid_until": bid.valid_until,
            },
            "signature": hexes.to_hex(signer.sign(digest)),
        }

    def registration(self, solver: Address, **changes: typing.Any) -> Registration:
        """What a solver may say of itself."""
        fields: Json = {
            "solver": solver,
            "name": "Läufer ✓",
            "chain_ids": (ORIGIN, DESTINATION),
            "fee_bps": 5,
            "contact": "ops@fastlane.example",
            "nonce": 2**256 - 1,
            "deadline": int(self.now()) + 600,
        }
        return Registration(**fields | changes)

    def signed(self, told: Registration, signer: keys.Signer) -> Json:
        """The body of a registration, written without the code under test."""
        digest = eip712.registration_digest(told, self.network.registry_chain_id, self.network.registry)
        fields = dataclasses.asdict(told) | {"solver": "0x" + told.solver.hex(), "nonce": str(told.nonce)}
        fields["chain_ids"] = list(told.chain_ids)
        return {"registration": fields, "signature": hexes.to_hex(signer.sign(digest))}

    async def register(self, signer: keys.Signer, **changes: typing.Any) -> httpx.Response:
        body = self.signed(self.registration(signer.address, **changes), signer)
        return await self.client.post("/api/v1/solver/register", json=body)

    async def registered(self, **changes: typing.Any) -> keys.Signer:
        """A solver with a profile and no bond."""
        signer = keys.generate_signer()
        answer = await self.register(signer, **changes)
        assert answer.status_code == 201, answer.text
        return signer

    def path(self, intent: Intent, rest: str = "") -> str:
        return f"/api/v1/intents/{hexes.to_hex(self.intent_id(intent))}{rest}"

    async def count(self, sql: str, *arguments: typing.Any) -> int:
        async with pool.acquire(self.database) as connection:
            return int(await connection.fetchval(sql, *arguments))

    async def execute(self, sql: str, *arguments: typing.Any) -> None:
        async with pool.acquire(self.database) as connection:
            await connection.execute(sql, *arguments)


def write_intent(intent: Intent) -> Json:
    """An intent as JSON, written without the code under test."""
    written: Json = {}
    for name, value in dataclasses.asdict(intent).items():
        if isinstance(value, bytes):
            written[name] = "0x" + value.hex()
        else:
            written[name] = str(value) if name.endswith("amount") or name == "nonce" else value
    return written


def sign_message(signer: keys.Signer, message: str) -> Json:
    signature = signer.sign(keys.personal_digest(message.encode()))
    return {"message": message, "signature": hexes.to_hex(signature)}


@pytest.fixture
async def api(world: World, database_url: str, redis_url: str) -> collections.abc.AsyncIterator[Api]:
    wanted = StorageSettings(database_url, pool_max=10)
    await migrate.migrate(wanted)
    database = await pool.create_pool(wanted)
    hub = Hub(redis_url)
    listening = asyncio.create_task(hub.run())
    async with asyncio.timeout(10):
        await hub.wait_connected()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(database.terminate)
        rpcs = {one: await stack.enter_async_context(Rpc([url], one)) for one, url in world.urls.items()}
        made = Api(world.network, rpcs, database, hub)
        await stack.enter_async_context(made.client)
        yield made
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


@pytest.fixture
def write() -> collections.abc.Callable[[Intent], Json]:
    return write_intent


@pytest.fixture
def sign_login() -> collections.abc.Callable[[keys.Signer, str], Json]:
    return sign_message


@pytest.fixture
def contract_wallet_code() -> bytes:
    """Deployment code of an account that says yes to a byte 1 and its owner's signature."""
    path = pathlib.Path(__file__).parents[1] / "contracts" / "artifacts" / "ContractWallet.json"
    return bytes.fromhex(json.loads(path.read_text())["bytecode"].removeprefix("0x"))
