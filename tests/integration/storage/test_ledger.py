"""The ledger takes facts in any order and any number of times; what the projections say depends on neither."""

import random

import pytest

from orbital.domain import facts
from orbital.domain.foreign_facts import ForeignOpened
from orbital.domain.types import Amount, Hash32
from orbital.storage import batches, chains, claims, digest, ledger


def tell(history):
    """Streams that are each in order: two chains, and the API with the auctioneer. Six intents with different ends.

    Beside them go two of a watched protocol, which the one user has as well: one is filled, one is not.
    """
    ids = {name: history.intent(name) for name in ("settled", "lapsed", "cancelled", "expired", "duplicate", "late")}
    (wf, wi), (ww, wj) = history.foreign("watched"), history.foreign("waiting")
    (s, si), (g, gi), (c, ci), (e, _), (d, di), (t, ti) = ids.values()
    origin = {
        1: [(s, history.open(si))],
        2: [(d, history.open(di)), (None, facts.NonceInvalidated(ci.user, ci.nonce)), (ww, ForeignOpened(wj))],
        3: [(wf, ForeignOpened(wi)), (wf, ForeignOpened(wi))],
        4: [(s, history.settle(si)), (t, history.open(ti))],
        5: [
            (None, facts.SolverRegistered(si.recipient, Amount(5))),
            (None, facts.BondChanged(si.recipient, Amount(7), Amount(1))),
        ],
        6: [(None, facts.NonceInvalidated(gi.user, 3))],
    }
    destination = {
        1: [(d, history.fill(di, output_amount=Amount(99)))],  # below the minimum: none
        2: [(s, history.fill(si)), (wf, history.foreign_fill(wi)), (wf, history.foreign_fill(wi))],
        3: [(d, history.fill(di)), (d, history.fill(di, solver=di.user))],
        9: [(e, facts.IntentExpired(history.origin))],
    }
    api = [
        *(history.off_chain(one, facts.IntentSubmitted(intent)) for one, intent in ids.values()),
        history.off_chain(s, history.award(1)),
        history.off_chain(g, history.award(1)),
        history.off_chain(g, facts.AwardLapsed(1, history.award(1).solver, facts.Fault.SOLVER), history.start + 30),
        history.off_chain(g, history.award(2, solver=gi.user, open_by=history.start + 42), history.start + 60),
        history.off_chain(c, facts.IntentCancelled(ci.user)),
    ]
    streams = [
        [history.block(chain_id, number, *told.get(number, ())) for number in range(11)]
        for chain_id, told in ((history.origin, origin), (history.destination, destination))
    ]
    return ids, [*streams, api]


def interleave(streams, chance):
    left = [list(stream) for stream in streams]
    while any(left):
        yield chance.choice([stream for stream in left if stream]).pop(0)


@pytest.mark.parametrize("seed", range(12))
async def test_any_interleaving_gives_the_same_ledger_and_projections(connection, history, seed):
    chance = random.Random(seed)
    _, streams = tell(history)
    api = streams[2][:]
    chance.shuffle(api)
    await history.bind(connection)
    await history.put(connection, *interleave([*streams[:2], api], chance))
    for chain_id in (history.origin, history.destination):
        await history.pass_deadlines(connection, chain_id)
    shuffled = await digest.digest(connection)
    await connection.execute("TRUNCATE facts, blocks, intents, deadlines, solvers, checkpoints, outbox")
    await history.bind(connection)
    await history.put(connection, *(step for stream in streams for step in stream))
    for chain_id in (history.origin, history.destination):
        await history.pass_deadlines(connection, chain_id)
    assert await digest.digest(connection) == shuffled


async def test_the_story_ends_as_told(connection, history):
    ids, streams = tell(history)
    await history.bind(connection)
    await history.put(connection, *(step for stream in streams for step in stream))
    for chain_id in (history.origin, history.destination):
        await history.pass_deadlines(connection, chain_id)
    rows = {row["intent_id"]: row for row in await connection.fetch("SELECT * FROM intents")}
    assert {name: rows[one]["status"] for name, (one, _) in ids.items()} == {
        "settled": "settled",
        "lapsed": "expired",
        "cancelled": "cancelled",
        "expired": "expired",
        "duplicate": "filled",
        "late": "expired",
    }
    assert {name: rows[one]["refund_due"] for name, (one, _) in ids.items() if rows[one]["refund_due"]} == {
        "late": True
    }
    assert rows[ids["duplicate"][0]]["output_amount"] == 101
    watched = [row for row in rows.values() if row["protocol"] == "across"]
    assert sorted((row["reference"], row["status"], row["refund_due"], row["solver"]) for row in watched) == [
        ("waiting", "expired", True, None),
        ("watched", "filled", False, b"\x07" * 32),
    ]


async def test_facts_told_twice_change_nothing(connection, history):
    _, streams = tell(history)
    steps = [step for stream in streams for step in stream]
    await history.bind(connection)
    await history.put(connection, *steps)
    for chain_id in (history.origin, history.destination):
        await history.pass_deadlines(connection, chain_id)
    before = await digest.digest(connection)
    announced = await connection.fetchval("SELECT count(*) FROM outbox")
    await history.put(connection, *steps)
    assert await digest.digest(connection) == before
    assert await connection.fetchval("SELECT count(*) FROM outbox") == announced


async def test_a_verdict_told_twice_is_one_fact(connection, history):
    """Its block names it: no word of its own tells two verdicts on a round apart."""
    lapsed, intent = history.intent("lapsed")
    await history.bind(connection)
    block = history.block(history.origin, 3)
    api = [history.off_chain(lapsed, event) for event in (facts.IntentSubmitted(intent), history.award(1))]
    await history.put(connection, *api, block)
    event = facts.AwardLapsed(1, history.award(1).solver, facts.Fault.SOLVER)
    at = facts.Position(history.origin, block.block.number, -1, block.block.hash, None)
    verdict = facts.Fact(lapsed, event, at, block.block.timestamp)
    assert len(await ledger.record(connection, [verdict], history.rules)) == 1
    assert await ledger.record(connection, [verdict], history.rules) == []
    lapses = await ledger.list_lapses(connection, [event.solver, bytes(20)], 0)
    assert {solver: len(times) for solver, times in lapses.items()} == {event.solver: 1}


@pytest.mark.parametrize("seed", range(6))
async def test_a_detour_over_another_branch_leaves_the_state_as_it_was(connection, history, seed):
    """Both chains are followed to the end; one of them is replaced from some block on and returns."""
    chance = random.Random(seed)
    _, streams = tell(history)
    await history.bind(connection)
    await history.put(connection, *(step for stream in streams for step in stream))
    for chain_id in (history.origin, history.destination):
        await history.pass_deadlines(connection, chain_id)
    before = await digest.digest(connection)
    stream = streams[chance.randrange(2)]
    chain_id, shared = stream[0].chain_id, chance.randrange(10)
    await chains.rollback(connection, chain_id, shared, history.rules)
    branch = [history.block(chain_id, number, branch="other", forked_at=shared) for number in range(shared + 1, 13)]
    await history.put(connection, *branch)
    between = await digest.digest(connection)
    assert between.parts["blocks"] != before.parts["blocks"]
    await chains.rollback(connection, chain_id, shared, history.rules)
    await history.put(connection, *stream[shared + 1 :])
    assert await digest.digest(connection) == before


async def test_events_are_listed_with_whether_they_count(connection, history):
    intent_id, intent = history.intent("one")
    await history.bind(connection)
    await history.put(
        connection,
        history.off_chain(intent_id, facts.IntentSubmitted(intent)),
        history.block(history.origin, 0),
        history.block(history.origin, 1, (intent_id, history.open(intent))),
    )
    await chains.rollback(connection, history.origin, 0, history.rules)
    found = await ledger.list_events(connection, intent_id, 0, 10)
    assert [(entry.fact.name, entry.canonical) for entry in found] == [
        ("IntentSubmitted", True),
        ("IntentOpened", False),
    ]
    assert found[1].fact.event.intent == intent


async def test_an_open_of_another_intent_with_the_nonce_cancels(connection, history):
    intent_id, intent = history.intent("one")
    other_id, other = history.intent("two", user=intent.user)
    await history.bind(connection)
    await history.put(
        connection,
        history.off_chain(intent_id, facts.IntentSubmitted(intent)),
        history.block(history.origin, 0, (other_id, history.open(other))),
    )
    assert await status_of(connection, intent_id) == "cancelled"
    await chains.rollback(connection, history.origin, -1, history.rules)
    assert await status_of(connection, intent_id) == "pending"


async def status_of(connection, intent_id):
    return await connection.fetchval("SELECT status FROM intents WHERE intent_id = $1", intent_id)


def facts_of(history):
    """A block's facts of every kind of row: with and without an intent, an actor, a transaction, of either protocol."""
    (one, intent), (other, foreign) = history.intent("one"), history.foreign('\t\n\r\\N\\"é')
    events = (one, history.open(intent)), (other, ForeignOpened(foreign)), (None, facts.DispatchId(Hash32(bytes(32))))
    mined = history.block(history.origin, 1, *events)
    at = facts.Position(history.origin, mined.block.number, -1, mined.block.hash, None)
    passed = facts.DeadlinePassed(facts.Deadline.FILL_DEADLINE, 0)
    return mined.block, [*mined.facts, facts.Fact(one, passed, at, mined.block.timestamp)]


async def write_copied(connection, history, block, told):
    put = await chains.put_blocks(connection, history.origin, [block])
    batch = await batches.prepare(told, history.rules)
    held = await claims.lock_affected(connection, batch, history.rules, put.new)
    await ledger.write(connection, batch, history.rules, held, put.new)


async def test_facts_are_the_same_written_by_statement_and_by_copy(connection, history):
    block, told = facts_of(history)
    written = []
    for is_copied in (False, True):
        if is_copied:
            await write_copied(connection, history, block, told)
        else:
            await chains.put_blocks(connection, history.origin, [block])
            await ledger.record(connection, told, history.rules)
        written.append([{**row, "seq": 0} for row in await connection.fetch("SELECT * FROM facts ORDER BY log_index")])
        await connection.execute("TRUNCATE facts, blocks, intents, deadlines")
    assert written[0] == written[1]
    assert len(written[0]) == len(told)


async def test_a_transaction_hash_of_another_length_is_not_copied(connection, history):
    block, (fact, *_) = facts_of(history)
    short = fact._replace(position=fact.position._replace(tx_hash=Hash32(bytes(31))))
    with pytest.raises(ValueError, match="31 bytes"):
        await write_copied(connection, history, block, [short])
