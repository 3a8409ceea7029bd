"""Whoever writes locks accounts before intents, each in one order: workers of two chains can't wait for each other."""

import asyncio
import random

import pytest

from orbital.chain.blocks import Header
from orbital.domain import facts
from orbital.domain.types import BlockNumber, Hash32
from orbital.indexer import apply, fetch, prepare, raw
from orbital.storage import batches, chains, claims, digest, leases, pool, rebuild

BLOCKS, USERS, FACTS_A_BLOCK = 24, 4, 4
BACK_IN = 3  # steps of a worker, one on average is a rollback
WAITING = "SELECT count(*) FROM pg_locks WHERE NOT granted"


class Worker:
    """Writes blocks of one chain as an indexer does."""

    def __init__(self, database, chain_id, mined, rules) -> None:
        self._database, self._chain_id, self._mined, self._rules = database, chain_id, mined, rules
        self._lease = None

    async def start(self) -> None:
        async with pool.transaction(self._database) as connection:
            self._lease = await leases.acquire(connection, str(self._chain_id), "test", 60.0)
            await chains.bind(connection, self._chain_id, Hash32(bytes(32)), BlockNumber(1))

    async def write(self, first, last):
        """Blocks of these numbers, both included, in one step."""
        wanted = self._mined[first - 1 : last]
        headers = tuple(header_of(one.block) for one in wanted)
        told = [fact for one in wanted for fact in one.facts]
        blocks = [one.block for one in wanted]
        batch, packed = await batches.prepare(told, self._rules), raw.pack(fetch.Fetched(headers, (), len(headers)))
        step = prepare.Prepared(blocks, batch, packed, len(told), ())
        await apply.apply_blocks(self._database, self._lease, self._chain_id, step, None, self._rules)

    async def roll_back(self, to):
        await apply.apply_rollback(self._database, self._lease, self._chain_id, BlockNumber(to), self._rules)


def header_of(block):
    return Header(block.number, block.hash, block.parent_hash, block.timestamp, bytes(256))


async def test_a_step_that_brings_blocks_back_holds_no_intent_while_it_waits_for_an_account(database, history):
    """The other worker has the account and wants the intent: who took them the other way round would wait for ever."""
    (first, one), (_, other) = history.intent("one"), history.intent("other")
    mined = [
        history.block(history.origin, 1, (first, history.open(one))),
        history.block(history.origin, 2, (None, facts.NonceInvalidated(other.user, 7))),
    ]
    worker = Worker(database, history.origin, mined, history.rules)
    await worker.start()
    await worker.write(1, 1)
    await worker.roll_back(0)
    async with pool.transaction(database) as connection:
        await claims.lock_accounts(connection, [other.user])
        step = asyncio.create_task(worker.write(1, 2))
        while not await connection.fetchval(WAITING):
            assert not step.done()
            await asyncio.sleep(0.01)
        await claims.lock_intents(connection, [first])
    await step


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_chains_that_go_back_and_forth_never_wait_for_each_other(database, history, seed):
    """Their blocks concern the same few users and intents; what they leave is what a rebuild makes of the ledger."""
    workers = [
        Worker(database, chain_id, mine(history, chain_id, random.Random(f"{seed} {chain_id}")), history.rules)
        for chain_id in (history.origin, history.destination)
    ]
    for worker in workers:
        await worker.start()
    await asyncio.gather(
        *(go_back_and_forth(one, random.Random(f"{seed} {place}")) for place, one in enumerate(workers))
    )
    followed = await fingerprint(database)
    await rebuild.rebuild(database, history.rules)
    assert await fingerprint(database) == followed
    assert followed.parts["facts"].rows >= len(workers) * BLOCKS


def mine(history, chain_id, chance):
    """Opens or fills of the same intents, each user's several; and their nonces, used up on either chain."""
    known = [history.intent(number, user=history.intent(number % USERS)[1].user, nonce=number) for number in range(40)]

    def event():
        intent_id, intent = chance.choice(known)
        if chance.random() < 1 / FACTS_A_BLOCK:
            return None, facts.NonceInvalidated(intent.user, chance.randrange(len(known)))
        return intent_id, history.open(intent) if chain_id == history.origin else history.fill(intent)

    return [
        history.block(chain_id, number, *(event() for _ in range(FACTS_A_BLOCK))) for number in range(1, BLOCKS + 1)
    ]


async def go_back_and_forth(worker, chance):
    done = 0
    while done < BLOCKS:
        if done and chance.randrange(BACK_IN) == 0:
            done = chance.randrange(max(0, done - 6), done)
            await worker.roll_back(done)
        else:
            last = min(BLOCKS, done + chance.randint(1, 6))
            await worker.write(done + 1, last)
            done = last


async def fingerprint(database):
    async with pool.snapshot(database) as connection:
        return await digest.digest(connection)
