"""A migrated database, and synthetic histories of two chains whose blocks hold given facts."""

import asyncio
import collections.abc
import contextlib
import dataclasses
import hashlib
import json
import uuid

import asyncpg
import pytest

from orbital.chain.blocks import Header
from orbital.domain import evidence, facts
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.types import Account, Address, Amount, BlockNumber, ChainId, Hash32, IntentId, Protocol, UnixSeconds
from orbital.indexer import apply, fetch, prepare, raw
from orbital.storage import batches, chains, deadlines, leases, ledger, migrate, pool
from orbital.storage.settings import StorageSettings

ORIGIN, DESTINATION = ChainId(1), ChainId(10)
SETTLERS = {ORIGIN: Address(b"\x01" * 20), DESTINATION: Address(b"\x02" * 20)}
START = 1_000


def hash_of(*parts: object) -> Hash32:
    return Hash32(hashlib.sha256(repr(parts).encode()).digest())


def address_of(*parts: object) -> Address:
    return Address(hash_of(*parts)[:20])


@dataclasses.dataclass(frozen=True)
class Mined:
    """A block with its facts; its time is START + 10 * number."""

    chain_id: ChainId
    block: chains.Block
    facts: tuple[facts.Fact, ...]


class History:
    """Builders for what chains and the API say. A block is named by its number and the branch it is on."""

    origin, destination, start = ORIGIN, DESTINATION, START
    rules = evidence.Rules(SETTLERS, 30)

    def intent(self, name: object, **changes: object) -> tuple[IntentId, Intent]:
        fields = {
            "user": address_of("user", name),
            "recipient": address_of("recipient"),
            "origin_chain_id": ORIGIN,
            "destination_chain_id": DESTINATION,
            "input_token": address_of("input"),
            "input_amount": Amount(2**255 + 1),
            "output_token": address_of("output"),
            "min_output_amount": Amount(100),
            "nonce": 2**256 - 1,
            "open_deadline": UnixSeconds(START + 45),
            "fill_deadline": UnixSeconds(START + 75),
            "auctioneer": address_of("auctioneer"),
        }
        return IntentId(hash_of("intent", name)), Intent(**(fields | changes))

    def block(self, chain_id: ChainId, number: int, *events: object, branch: str = "", forked_at: int = 0) -> Mined:
        """`events` are (intent id or None, event); up to `forked_at` the branch shares its blocks with the others."""
        name = [chain_id, branch if number > forked_at else ""]
        parent = [chain_id, branch if number - 1 > forked_at else ""]
        timestamp = UnixSeconds(START + 10 * number)
        block = chains.Block(BlockNumber(number), hash_of(*name, number), hash_of(*parent, number - 1), timestamp)
        stated = tuple(
            facts.Fact(
                intent_id,
                event,
                facts.Position(chain_id, block.number, index, block.hash, hash_of("tx", chain_id, number, index)),
                timestamp,
            )
            for index, (intent_id, event) in enumerate(events)
        )
        return Mined(chain_id, block, stated)

    def off_chain(self, intent_id: IntentId, event: facts.Event, timestamp: int = START) -> facts.Fact:
        return facts.Fact(intent_id, event, None, UnixSeconds(timestamp))

    def fill(self, intent: Intent, **changes: object) -> facts.IntentFilled:
        fields = {
            "emitter": SETTLERS[DESTINATION],
            "solver": address_of("solver"),
            "recipient": intent.recipient,
            "output_token": intent.output_token,
            "output_amount": Amount(101),
            "origin_chain_id": ORIGIN,
            "repay_to": address_of("solver"),
        }
        return facts.IntentFilled(**(fields | changes))

    def foreign(self, name: str) -> tuple[IntentId, ForeignIntent]:
        """An intent of a watched protocol, of the user of the intent "settled"."""
        _, ours = self.intent("settled")
        intent = ForeignIntent(
            protocol=Protocol.ACROSS,
            reference=name,
            user=Account(ours.user),
            recipient=Account(b"\x08" * 32),
            origin_chain_id=ORIGIN,
            destination_chain_id=DESTINATION,
            input_token=Account(ours.input_token),
            input_amount=ours.input_amount,
            output_token=Account(ours.output_token),
            min_output_amount=Amount(100),
            fill_deadline=ours.fill_deadline,
        )
        return IntentId(hash_of("foreign", name)), intent

    def foreign_fill(self, intent: ForeignIntent) -> ForeignFilled:
        solver = Account(b"\x07" * 32)
        amount = Amount(99)
        return ForeignFilled(
            intent.protocol, intent.reference, solver, intent.recipient, intent.output_token, amount, ORIGIN
        )

    def open(self, intent: Intent) -> facts.IntentOpened:
        return facts.IntentOpened(intent, address_of("solver"), Amount(101))

    def settle(self, intent: Intent) -> facts.IntentSettled:
        return facts.IntentSettled(address_of("solver"), address_of("solver"), intent.input_token, intent.input_amount)

    def award(self, round_: int, **changes: object) -> facts.IntentAwarded:
        fields = {"round": round_, "solver": address_of("solver"), "output_amount": Amount(101)}
        times = {"open_by": UnixSeconds(START + 25), "fill_by": UnixSeconds(START + 55)}
        return facts.IntentAwarded(**(fields | times | changes))

    async def put(self, connection: pool.Connection, *steps: Mined | facts.Fact) -> None:
        """Record each step as an indexer or the API does, with the deadlines that its chain proves."""
        for step in steps:
            if isinstance(step, facts.Fact):
                await ledger.record(connection, [step], self.rules)
                continue
            put = await chains.put_blocks(connection, step.chain_id, [step.block])
            await chains.revive(connection, put.back, self.rules)
            await ledger.record(connection, step.facts, self.rules)
            await self.pass_deadlines(connection, step.chain_id)
            await chains.advance(connection, step.chain_id, step.block)

    async def pass_deadlines(self, connection: pool.Connection, chain_id: ChainId) -> None:
        while due := [one.fact for one in await deadlines.due(connection, chain_id, 2**62)]:
            await ledger.record(connection, due, self.rules)

    async def bind(self, connection: pool.Connection) -> None:
        for chain_id in (ORIGIN, DESTINATION):
            await chains.bind(connection, chain_id, hash_of(chain_id, "", 0), BlockNumber(0))


@pytest.fixture
def history() -> History:
    return History()


class Worker:
    """Writes blocks of one chain as an indexer does. `mined` has the chain's blocks from number 1 on."""

    def __init__(self, database, lease, chain_id, mined, rules) -> None:
        self.chain_id = chain_id
        self._database, self._lease, self._mined, self._rules = database, lease, mined, rules

    async def write(self, first, last):
        """Blocks of these numbers, both included, in one step."""
        return await self.write_blocks(self._mined[first - 1 : last])

    async def write_blocks(self, wanted):
        """These blocks, of whatever branch, in one step; its intents folded before, or not: that is of no matter."""
        blocks = [one.block for one in wanted]
        headers = tuple(Header(b.number, b.hash, b.parent_hash, b.timestamp, bytes(256)) for b in blocks)
        told = [fact for one in wanted for fact in one.facts]
        batch = await batches.prepare(told, self._rules, as_first=blocks[0].number % 2 == 0)
        packed = raw.pack(fetch.Fetched(headers, (), len(headers)))
        step = prepare.Prepared(blocks, batch, packed, len(told), ())
        return await apply.apply_blocks(self._database, self._lease, self.chain_id, step, None, self._rules)

    async def roll_back(self, to):
        await apply.apply_rollback(self._database, self._lease, self.chain_id, BlockNumber(to), self._rules)

    async def rest(self):
        """What an indexer at its head does: it looks for deadlines that others set."""
        async with pool.acquire(self._database) as connection:
            checkpoint = await chains.find_checkpoint(connection, self.chain_id)
        while await apply.apply_deadlines(
            self._database, self._lease, self.chain_id, checkpoint.timestamp, self._rules
        ):
            pass


@pytest.fixture
def start_worker(
    database: pool.Pool, history: History
) -> collections.abc.Callable[..., collections.abc.Awaitable[Worker]]:
    """Start a chain's worker, which takes the chain's lease from the one before."""

    async def start(chain_id: ChainId, mined: collections.abc.Sequence[Mined]) -> Worker:
        async with pool.transaction(database) as connection:
            lease = await leases.seize(connection, str(chain_id), "test", 60.0)
            await chains.bind(connection, chain_id, Hash32(bytes(32)), BlockNumber(1))
        return Worker(database, lease, chain_id, mined, history.rules)

    return start


@pytest.fixture
async def connection(database: pool.Pool) -> collections.abc.AsyncIterator[pool.Connection]:
    """One open transaction, rolled back at the end."""
    async with pool.acquire(database) as opened:
        transaction = opened.transaction()
        await transaction.start()
        yield opened
        await transaction.rollback()


class Plans:
    """What the server does for a statement, in databases that are filled for it."""

    def __init__(self, server_url) -> None:
        self._server_url = server_url

    @contextlib.contextmanager
    def filled(self, statements, *arguments: object):
        """A database of its own in which these statements were carried out; its URL."""
        name = f"plans_{uuid.uuid4().hex}"
        url = self._server_url.rpartition("/")[0] + f"/{name}"
        asyncio.run(self._execute(self._server_url, f"CREATE DATABASE {name} TEMPLATE template0"))
        asyncio.run(migrate.migrate(StorageSettings(url)))
        for statement in statements:
            asyncio.run(self._execute(url, statement, *arguments))
        asyncio.run(self._execute(url, "VACUUM ANALYZE"))
        yield url
        asyncio.run(self._execute(self._server_url, f"DROP DATABASE {name} WITH (FORCE)"))

    async def explain(self, connection, statement, *arguments: object):
        """The plan with what it did, the second time: by then nothing has to be looked up in catalogues."""
        explained = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        await connection.fetchval(explained, *arguments)
        (told,) = json.loads(await connection.fetchval(explained, *arguments))
        return told["Plan"]

    def nodes(self, plan):
        yield plan
        for child in plan.get("Plans", ()):
            yield from self.nodes(child)

    def scanned(self, plan):
        """Tables that are read whole."""
        return {one["Relation Name"] for one in self.nodes(plan) if one["Node Type"] == "Seq Scan"}

    def buffers(self, plan):
        return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]

    async def _execute(self, url, statement, *arguments: object):
        connection = await asyncpg.connect(url)
        await connection.execute(statement, *arguments)
        await connection.close()


@pytest.fixture(scope="session")
def plans(postgres_server):
    return Plans(postgres_server.url)
