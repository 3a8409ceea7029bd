"""An intent's row is the same whichever way it was written: a few by a statement, many by COPY."""

from orbital.domain import facts, lifecycle
from orbital.domain.foreign_facts import ForeignOpened
from orbital.domain.types import IntentId
from orbital.storage import copy, projection


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
