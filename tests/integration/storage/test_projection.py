"""An intent's row is the same whichever way it was written: a few by a statement, many by COPY."""

import asyncio

import asyncpg
import pytest

from orbital.domain import facts, lifecycle
from orbital.domain.foreign_facts import ForeignOpened
from orbital.domain.types import IntentId
from orbital.storage import copy, pool, projection


def lives_of(history, name):
    """Intent id and facts of one of our intents and a foreign one, in every shape that a row takes."""
    ours, intent = history.intent(name)
    foreign, offer = history.foreign('a\\b\tc\n"d"')
    submitted = history.off_chain(ours, facts.IntentSubmitted(intent))
    awarded = history.off_chain(ours, history.award(1))
    opened, filled, settled, refunded, opened_foreign, filled_foreign = (
        fact
        for number, (chain_id, intent_id, event) in enumerate(
            [
                (history.origin, ours, history.open(intent)),
                (history.destination, ours, history.fill(intent)),
                (history.origin, ours, history.settle(intent)),
                (history.origin, ours, facts.IntentRefunded(intent.user, intent.input_token, intent.input_amount)),
                (history.origin, foreign, ForeignOpened(offer)),
                (history.destination, foreign, history.foreign_fill(offer)),
            ],
            1,
        )
        for fact in history.block(chain_id, number, (intent_id, event)).facts
    )
    times = [history.off_chain(ours, facts.DeadlinePassed(which, 1)) for which in facts.Deadline]
    lapsed = history.off_chain(ours, facts.AwardLapsed(1, awarded.event.solver, facts.Fault.SOLVER))
    return [
        *((ours, told) for told in ([], [submitted], [opened], [filled], [settled], [submitted, awarded])),
        (ours, [submitted, awarded, *times]),
        (ours, [submitted, awarded, *times, lapsed]),
        (ours, [submitted, awarded, opened, filled, settled, refunded]),
        *((foreign, told) for told in ([opened_foreign], [filled_foreign], [opened_foreign, filled_foreign])),
    ]


async def test_rows_are_the_same_written_by_statement_and_by_copy(connection, history):
    count = len(lives_of(history, 0))
    lives = [lives_of(history, name)[name % count] for name in range(2 * count)]
    states = {
        IntentId(bytes([number]) * 32): lifecycle.fold(intent_id, told, history.rules)
        for number, (intent_id, told) in enumerate(lives)
    }
    assert len(states) > copy.FEW
    written = {}
    for way, parts in {"few": [{one: state} for one, state in states.items()], "many": [states]}.items():
        for part in parts:
            assert await projection.insert(connection, part, {}) == frozenset(part)
        inserted = await connection.fetch("SELECT * FROM intents ORDER BY intent_id")
        await connection.execute("UPDATE intents SET legs = '{}', updated_at = NULL, round = 9")
        for part in parts:
            await projection.update(connection, part)
        assert await connection.fetch("SELECT * FROM intents ORDER BY intent_id") == inserted
        await connection.execute("DELETE FROM intents")
        written[way] = [dict(row) for row in inserted]
    assert written["few"] == written["many"]


def submitted_of(history, names):
    """States of submitted intents, more than a few, by their ids."""
    found = {}
    for name in names:
        intent_id, intent = history.intent(name)
        told = [history.off_chain(intent_id, facts.IntentSubmitted(intent))]
        found[intent_id] = lifecycle.fold(intent_id, told, history.rules)
    return found


async def test_of_many_rows_that_others_make_at_the_same_time_the_rest_is_made(database, history, until_waiting):
    """Also when somebody else still makes some of the rest."""
    everybodys = submitted_of(history, range(6 * copy.FEW))
    ours, first, second = (
        {one: state for at, (one, state) in enumerate(sorted(everybodys.items())) if at % 3 == part}
        for part in range(3)
    )
    async with pool.transaction(database) as mine, pool.acquire(database) as looking:
        async with pool.transaction(database) as slower:
            await projection.insert(slower, second, {})
            async with pool.transaction(database) as other:
                await projection.insert(other, first, {})
                making = asyncio.create_task(projection.insert(mine, everybodys, {}))
                await until_waiting(looking, making)
            await until_waiting(looking, making)
        assert await making == frozenset(ours)
        assert await mine.fetchval("SELECT count(*) FROM intents") == len(everybodys)


async def test_rows_that_break_another_rule_are_not_tried_for_ever(connection, history):
    states = submitted_of(history, range(2 * copy.FEW))
    twice = {IntentId(bytes(reversed(one))): state for one, state in states.items()}
    assert await projection.insert(connection, states, {}) == frozenset(states)
    with pytest.raises(asyncpg.UniqueViolationError, match="intents_one_per_nonce"):
        await projection.insert(connection, twice, {})
