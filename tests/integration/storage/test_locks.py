"""Whoever writes locks accounts before intents, each in one order: workers of two chains can't wait for each other."""

import asyncio
import random

import pytest

from orbital.domain import facts
from orbital.domain.types import Address, Amount
from orbital.storage import batches, chains, claims, digest, pool, projection, rebuild, scores, solvers

BLOCKS, USERS, FACTS_A_BLOCK = 24, 4, 4
BACK_IN = 3  # steps of a worker, one on average is a rollback
NEW = 40  # intents in a step: enough to be copied in
WAVES, AT_ONCE = 20, 10  # transactions over rows that nobody had before them
SOME, MANY = 12, 80


async def test_a_step_that_brings_blocks_back_holds_no_intent_while_it_waits_for_an_account(
    database, history, start_worker, until_waiting
):
    """The other worker has the account and wants the intent: who took them the other way round would wait for ever."""
    (first, one), (_, other) = history.intent("one"), history.intent("other")
    mined = [
        history.block(history.origin, 1, (first, history.open(one))),
        history.block(history.origin, 2, (None, facts.NonceInvalidated(other.user, 7))),
    ]
    worker = await start_worker(history.origin, mined)
    await worker.write(1, 1)
    await worker.roll_back(0)
    async with pool.transaction(database) as connection:
        await claims.lock_accounts(connection, [claims.Account(other.user, history.origin)])
        step = asyncio.create_task(worker.write(1, 2))
        await until_waiting(connection, step)
        await claims.lock_intents(connection, [first])
    await step


async def test_a_step_tells_whether_most_of_its_intents_were_new(database, history, start_worker):
    lives = [history.intent(name) for name in range(NEW)]
    opens = [(intent_id, history.open(intent)) for intent_id, intent in lives]
    fills = [(intent_id, history.fill(intent)) for intent_id, intent in lives]
    here = await start_worker(history.origin, [history.block(history.origin, 1, *opens[: NEW // 2 + 1])])
    there = await start_worker(history.destination, [history.block(history.destination, 1, *fills)])
    assert await here.write(1, 1) == (NEW // 2 + 1, True)
    assert await there.write(1, 1) == (NEW, False)


async def test_a_step_waits_for_nobody_who_has_its_users_elsewhere(database, history, start_worker):
    intent_id, intent = history.intent("one")
    worker = await start_worker(history.origin, [history.block(history.origin, 1, (intent_id, history.open(intent)))])
    elsewhere = [claims.Account(intent.user, one) for one in (claims.EVERYWHERE, history.destination)]
    async with pool.transaction(database) as connection:
        await claims.lock_accounts(connection, elsewhere)
        await worker.write(1, 1)
    assert (await fingerprint(database)).parts["intents"].rows == 1


@pytest.mark.parametrize("way", ["accounts", "intents", "few_claims", "many_claims"])
async def test_what_some_hold_and_some_make_is_held_in_one_order(database, history, way):
    """Who holds a row that exists while it waits for one that is made would wait for its maker for ever."""
    chance, counted = random.Random(7), 0

    async def hold(some):
        nonlocal counted
        async with pool.transaction(database) as connection:
            if way == "accounts":
                await claims.lock_accounts(connection, some)
            elif way == "intents":
                await claims.lock_intents(connection, some)
            else:
                await claims.claim(connection, some, batches.Batch(()), history.rules)
            counted += 1

    for wave in range(WAVES):
        known = [history.intent((wave, number)) for number in range(MANY if way == "many_claims" else SOME)]
        accounts = [
            claims.Account(one.user, place) for _, one in known for place in (claims.EVERYWHERE, history.origin)
        ]
        rows = accounts if way == "accounts" else [intent_id for intent_id, _ in known]
        await asyncio.gather(*(hold(chance.sample(rows, len(rows) // 2)) for _ in range(AT_ONCE)))
    assert counted == WAVES * AT_ONCE


async def test_a_step_of_many_new_intents_stands_though_somebody_makes_one_of_them_meanwhile(
    database, history, start_worker, until_waiting
):
    many = [history.intent(number) for number in range(NEW)]
    opens = [(intent_id, history.open(intent)) for intent_id, intent in many]
    worker = await start_worker(history.origin, [history.block(history.origin, 1, *opens)])
    async with pool.transaction(database) as connection:
        await claims.lock_intents(connection, [many[NEW // 2][0]])
        step = asyncio.create_task(worker.write(1, 1))
        await until_waiting(connection, step)
    await step
    followed = await fingerprint(database)
    assert followed.parts["intents"].rows == NEW
    await rebuild.rebuild(database, history.rules)
    assert await fingerprint(database) == followed


async def test_a_rebuild_leaves_a_solver_as_the_step_says_that_ends_meanwhile(database, history, until_waiting):
    solver = Address(b"\x05" * 20)
    async with pool.transaction(database) as connection:
        await history.bind(connection)
        await history.put(
            connection,
            history.block(history.origin, 0),
            history.block(history.origin, 1, (None, facts.SolverRegistered(solver, 10**18))),
        )
    async with pool.transaction(database) as connection:
        slashed = facts.BondChanged(solver, Amount(7), Amount(0))
        await history.put(connection, history.block(history.origin, 2, (None, slashed)))
        rebuilding = asyncio.create_task(rebuild.rebuild(database, history.rules))
        await until_waiting(connection, rebuilding)
    await rebuilding
    async with pool.acquire(database) as connection:
        assert (await solvers.find(connection, solver)).bond_wei == 7


async def test_a_step_holds_no_solver_that_came_back_while_it_waits_for_another(
    database, history, start_worker, until_waiting
):
    first, second = Address(b"\x05" * 20), Address(b"\x06" * 20)
    registered = [(None, facts.SolverRegistered(one, 10**18)) for one in (first, second)]
    mined = [
        history.block(history.origin, 1, *registered),
        history.block(history.origin, 2, (None, facts.BondChanged(second, Amount(7), Amount(0)))),
        history.block(history.origin, 3, (None, facts.BondChanged(first, Amount(7), Amount(0)))),
    ]
    worker = await start_worker(history.origin, mined)
    await worker.write(1, 2)
    await worker.roll_back(1)
    async with pool.transaction(database) as connection:
        await connection.execute("SELECT 1 FROM solvers WHERE address = $1 FOR KEY SHARE", first)
        step = asyncio.create_task(worker.write(2, 3))
        await until_waiting(connection, step)
        await connection.execute("SELECT 1 FROM solvers WHERE address = $1 FOR KEY SHARE NOWAIT", second)
    await step
    async with pool.acquire(database) as connection:
        assert [(await solvers.find(connection, one)).bond_wei for one in (first, second)] == [7, 7]


async def test_solvers_without_a_row_are_held_as_well(database, history, start_worker, until_waiting):
    """A rebuild that has the others and makes this one later would wait for ever for a step that wants one of those."""
    first, second = registered = [
        (None, facts.SolverRegistered(Address(bytes([number]) * 20), 10**18)) for number in (5, 6)
    ]
    mined = [history.block(history.origin, 1, second), history.block(history.origin, 2, first)]
    worker = await start_worker(history.origin, mined)
    await worker.write(1, 1)
    async with pool.transaction(database) as connection:
        await projection.put_solvers(connection, [event.solver for _, event in registered])
        step = asyncio.create_task(worker.write(2, 2))
        await until_waiting(connection, step)
    await step
    async with pool.acquire(database) as connection:
        assert [(await solvers.find(connection, event.solver)).bond_wei for _, event in registered] == [10**18] * 2


async def test_a_solver_that_is_scored_while_its_blocks_fall_has_no_score_then(database, history, until_waiting):
    solver = Address(b"\x05" * 20)
    async with pool.transaction(database) as connection:
        await history.bind(connection)
        registered = history.block(history.origin, 1, (None, facts.SolverRegistered(solver, 10**18)))
        await history.put(connection, history.block(history.origin, 0), registered)
    async with pool.transaction(database) as connection:
        await chains.rollback(connection, history.origin, 0, history.rules)
        scoring = asyncio.create_task(score(database, solver))
        await until_waiting(connection, scoring)
    await scoring
    async with pool.acquire(database) as connection:
        assert await connection.fetchval("SELECT count(*) FROM solver_scores") == 0


@pytest.mark.parametrize("seed", [1, 2])
async def test_two_chains_that_go_back_and_forth_never_wait_for_each_other(database, history, start_worker, seed):
    """Their blocks concern the same few users and intents; what they leave is what a rebuild makes of the ledger."""
    workers = [
        await start_worker(chain_id, mine(history, chain_id, random.Random(f"{seed} {chain_id}")))
        for chain_id in (history.origin, history.destination)
    ]
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


async def score(database, solver):
    async with pool.transaction(database) as connection:
        await scores.score(connection, [solver])


async def fingerprint(database):
    async with pool.snapshot(database) as connection:
        return await digest.digest(connection)
