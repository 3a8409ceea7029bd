"""A migrated database with two followed chains, bonded solvers, and an auctioneer's desk over it."""

import collections.abc
import dataclasses
import hashlib
import time

import pytest

from orbital.auctioneer import rounds, settings
from orbital.chain import eip712, keys
from orbital.domain import facts as f
from orbital.domain.intent import Bid, Intent
from orbital.domain.network import Chain, Network, Token
from orbital.storage import auctions, chains, deadlines, intents, leases, ledger, pool

ORIGIN, DESTINATION = 31337, 31338
AUCTIONEER = keys.generate_signer()
SOLVERS = tuple(keys.generate_signer() for _ in range(3))
USER = keys.generate_signer()
WINDOW_MS = 100


def filler(text: str, size: int) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:size]


def make_network(auctioneer: bytes = AUCTIONEER.address) -> Network:
    def chain(chain_id: int) -> Chain:
        token = Token(chain_id, filler(f"token {chain_id}", 20), "USDC", "USD Coin", 6, "usdc")
        return Chain(
            chain_id, f"chain {chain_id}", chain_id + 7, filler(f"settler {chain_id}", 20),
            filler(f"mailbox {chain_id}", 20), 0, "latest", 120, (token,),
        )  # fmt: skip

    both = {one: chain(one) for one in (ORIGIN, DESTINATION)}
    return Network(both, ORIGIN, filler("registry", 20), auctioneer, 30, 10**18)


@dataclasses.dataclass
class Office:
    """The desk, and what tests do around it: time passes, users submit, solvers bid."""

    desk: rounds.Desk
    now: int
    heights: dict[int, int]
    nonces: int = 0

    @property
    def network(self) -> Network:
        return self.desk.network

    def make_intent(self, **changes: object) -> Intent:
        self.nonces += 1
        origin, destination = self.network.chains.values()
        fields = {
            "user": USER.address, "recipient": USER.address, "origin_chain_id": ORIGIN,
            "destination_chain_id": DESTINATION, "input_token": origin.tokens[0].address, "input_amount": 1_000_000,
            "output_token": destination.tokens[0].address, "min_output_amount": 990_000, "nonce": self.nonces,
            "open_deadline": self.now + 600, "fill_deadline": self.now + 3600, "auctioneer": self.network.auctioneer,
        }  # fmt: skip
        return Intent(**(fields | changes))

    async def submit(self, intent: Intent | None = None) -> bytes:
        intent = intent or self.make_intent()
        intent_id = eip712.intent_id(intent, self.network.chains[intent.origin_chain_id].settler)
        async with pool.transaction(self.desk.pool) as connection:
            await intents.put_submission(connection, intent_id, USER.sign(intent_id))
        await self.record(f.Fact(intent_id, f.IntentSubmitted(intent), None, self.now))
        return intent_id

    async def record(self, *new: f.Fact) -> None:
        async with pool.transaction(self.desk.pool) as connection:
            await ledger.record(connection, new, self.network.rules)

    async def mine(
        self, chain_id: int, *events: tuple[bytes | None, object], seconds: int = 1, at: int | None = None
    ) -> f.Position:
        """One more block with these events, and the deadlines that it passes; returns its position."""
        self.heights[chain_id] += 1
        number = self.heights[chain_id]
        timestamp = at or self.now + seconds
        block = chains.Block(
            number, filler(f"{chain_id} {number} {timestamp}", 32), filler(f"{chain_id} {number - 1}", 32), timestamp
        )
        async with pool.transaction(self.desk.pool) as connection:
            await chains.put_blocks(connection, chain_id, [block])
            new = [
                f.Fact(
                    intent_id,
                    event,
                    f.Position(chain_id, number, index, block.hash, filler(f"tx {chain_id} {number}", 32)),
                    timestamp,
                )
                for index, (intent_id, event) in enumerate(events)
            ]
            await ledger.record(connection, new, self.network.rules)
            passed = [one.fact for one in await deadlines.due(connection, chain_id, timestamp)]
            await ledger.record(connection, passed, self.network.rules)
            await chains.advance(connection, chain_id, block)
        return f.Position(chain_id, number, -1, block.hash, None)

    async def rollback(self, chain_id: int, blocks: int = 1) -> None:
        self.heights[chain_id] -= blocks
        async with pool.transaction(self.desk.pool) as connection:
            await chains.rollback(connection, chain_id, self.heights[chain_id], self.network.rules)

    async def bid(self, intent_id: bytes, amount: int, solver: keys.Signer = SOLVERS[0], valid: int = 600) -> None:
        bid = Bid(intent_id, solver.address, amount, int(time.time()) + valid)
        async with pool.transaction(self.desk.pool) as connection:
            found = await auctions.find_open_round(connection, intent_id)
            bid_id = eip712.bid_digest(bid, ORIGIN, self.network.chains[ORIGIN].settler)
            await auctions.put_bid(connection, bid_id, bid, found.round, solver.sign(bid_id), WINDOW_MS)

    async def end_window(self, intent_id: bytes) -> None:
        """Let the open round's window be over now."""
        async with pool.transaction(self.desk.pool) as connection:
            await connection.execute(
                "UPDATE auctions SET closes_at = now() - interval '1 ms' WHERE intent_id = $1 AND state = 'open'",
                intent_id,
            )

    async def find(self, intent_id: bytes) -> intents.IntentView:
        async with pool.acquire(self.desk.pool) as connection:
            return await intents.find(connection, intent_id)

    async def rounds_of(self, intent_id: bytes) -> list[auctions.RoundRecord]:
        async with pool.acquire(self.desk.pool) as connection:
            return await auctions.list_rounds(connection, intent_id)

    async def award_of(self, intent_id: bytes, solver: keys.Signer = SOLVERS[0]) -> auctions.AwardView | None:
        async with pool.acquire(self.desk.pool) as connection:
            return await auctions.find_award(connection, intent_id, solver.address)

    async def announced(self, topic: str) -> list[tuple[str, dict]]:
        async with pool.acquire(self.desk.pool) as connection:
            found = await connection.fetch("SELECT event, data FROM outbox WHERE topic = $1 ORDER BY seq", topic)
        return [(row["event"], row["data"]) for row in found]


@pytest.fixture
def network() -> Network:
    return make_network()


@pytest.fixture
def make_office() -> collections.abc.Callable[..., collections.abc.Awaitable[Office]]:
    async def make(database: pool.Pool, network: Network, signer: keys.Signer = AUCTIONEER) -> Office:
        async with pool.transaction(database) as connection:
            for chain_id in network.chains:
                await chains.bind(connection, chain_id, filler(f"genesis {chain_id}", 32), 0)
            lease = await leases.acquire(connection, "auctioneer", "test", 60)
        wanted = settings.AuctioneerSettings(window_ms=WINDOW_MS)
        desk = rounds.Desk(database, lease, network, signer, wanted)
        office = Office(desk, int(time.time()), dict.fromkeys(network.chains, 0))
        bonded = [(None, f.SolverRegistered(solver.address, 10**18)) for solver in SOLVERS[:2]]
        await office.mine(ORIGIN, *bonded, seconds=0)
        await office.mine(DESTINATION, seconds=0)
        return office

    return make


@pytest.fixture
async def office(
    database: pool.Pool, network: Network, make_office: collections.abc.Callable[..., collections.abc.Awaitable[Office]]
) -> Office:
    return await make_office(database, network)


@pytest.fixture
def solvers() -> tuple[keys.Signer, ...]:
    """The first two are bonded."""
    return SOLVERS


@pytest.fixture
def auctioneer() -> keys.Signer:
    return AUCTIONEER


@pytest.fixture
def user() -> keys.Signer:
    return USER
