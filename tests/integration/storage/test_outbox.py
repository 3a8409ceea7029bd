"""Facts wait in the outbox by their numbers, and go out as what the ledger says of them."""

from orbital.domain import facts
from orbital.storage import outbox

NONCES, INTENTS, BATCH = 700, 30, 100


async def test_facts_go_out_in_order_and_once_however_many_wait(connection, history):
    told = await put_many(connection, history)
    sent = []
    while not await outbox.is_empty(connection):
        sent += await outbox.take(connection, BATCH)
    assert [(one.announcement.event, one.announcement.data["seq"]) for one in sent] == told
    assert [one.seq for one in sent] == sorted(one.seq for one in sent)


async def test_a_batch_is_whole_rows_until_there_are_enough(connection, history):
    for number in range(1, 5):
        intent_id, intent = history.intent(number)
        await history.put(connection, history.block(history.origin, number, (intent_id, history.open(intent))))
    assert [len(await outbox.take(connection, wanted)) for wanted in (1, 2, 5)] == [1, 2, 1]


async def test_what_goes_out_is_the_fact_and_how_its_intent_stood_when_it_was_written(connection, history):
    intent_id, intent = history.intent("one")
    opened = history.block(history.origin, 1, (intent_id, history.open(intent)))
    await history.put(connection, opened)
    await history.put(connection, history.block(history.destination, 1, (intent_id, history.fill(intent))))
    await history.put(connection, history.block(history.origin, 2, (None, facts.NonceInvalidated(intent.user, 7))))
    first, second, third = [one.announcement for one in await outbox.take(connection, BATCH)]
    assert (first.topic, first.event) == ("intents", "IntentOpened")
    assert first.data == {
        "seq": first.data["seq"],
        "timestamp": opened.block.timestamp,
        "intent_id": "0x" + intent_id.hex(),
        "status": "opened",
        "anomaly": None,
        "actor": "0x" + intent.user.hex(),
    }
    assert (second.event, second.data["status"]) == ("IntentFilled", "filled")
    assert (third.topic, third.event, set(third.data)) == ("chains", "NonceInvalidated", {"seq", "timestamp", "actor"})


async def put_many(connection, history):
    """More facts in a step than a row holds; returns what the ledger has of them."""
    intents = [history.intent(number, nonce=number) for number in range(INTENTS)]
    events = [(None, facts.NonceInvalidated(intents[0][1].user, 1_000 + number)) for number in range(NONCES)]
    events += [(intent_id, history.open(intent)) for intent_id, intent in intents]
    await history.put(connection, history.block(history.origin, 1, *events))
    found = await connection.fetch("SELECT name, seq FROM facts ORDER BY seq")
    assert len(found) == NONCES + INTENTS
    return [(row["name"], row["seq"]) for row in found]
