"""Who is woken by a message; Redis is not needed to decide it."""

import asyncio

import pytest

from orbital.realtime import tail
from orbital.realtime.hub import Hub
from orbital.realtime.messages import Message

NOWHERE = "redis://127.0.0.1:1"
PATIENCE_SECONDS = 30.0  # one that lost its cancellation would never end


def message(topic="intents", **data):
    return Message(1, topic, "event", data)


async def test_what_comes_between_watching_and_waiting_counts():
    hub = Hub(NOWHERE)
    with hub.watch("intents", "intent_id", "0xaa") as watch:
        hub.deliver(message(intent_id="0xaa"))
        assert await watch.wait(0)


async def test_all_watches_of_a_value_wake():
    hub = Hub(NOWHERE)
    with hub.watch("intents", "intent_id", "0xaa") as one, hub.watch("intents", "intent_id", "0xaa") as other:
        hub.deliver(message(intent_id="0xaa"))
        assert await asyncio.gather(one.wait(0), other.wait(0)) == [True, True]


async def test_a_watch_that_ended_leaves_the_others():
    hub = Hub(NOWHERE)
    with hub.watch("intents", "intent_id", "0xaa") as one:
        with hub.watch("intents", "intent_id", "0xaa") as other:
            pass
        hub.deliver(message(intent_id="0xaa"))
        assert await one.wait(0)
        assert not await other.wait(0)


async def test_fields_may_be_missing_and_numbers_match_their_text():
    hub = Hub(NOWHERE)
    with hub.watch("chains", "chain_id", "10") as watch:
        hub.deliver(message("chains"))
        assert not await watch.wait(0)
        hub.deliver(message("chains", chain_id=10))
        assert await watch.wait(0)


def test_an_unknown_topic_is_refused():
    with pytest.raises(ValueError, match="no topic"), Hub(NOWHERE).watch("intent", "intent_id", "0xaa"):
        pass


async def test_without_redis_a_watch_times_out():
    hub = Hub(NOWHERE)
    task = asyncio.create_task(hub.run())
    with hub.watch("intents", "intent_id", "0xaa") as watch:
        assert not await watch.wait(0.05)
    task.cancel()
    assert await asyncio.gather(task, return_exceptions=True) != [None]
    assert task.cancelled()


@pytest.mark.parametrize("turns", range(12))
async def test_a_hub_that_is_cancelled_while_it_connects_ends(turns: int, redis_url: str) -> None:
    """The driver may lose a cancellation that meets its connect; the hub must end all the same."""
    task = asyncio.create_task(Hub(redis_url).run())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
    assert done
    assert task.cancelled()


@pytest.mark.parametrize("turns", range(12))
async def test_a_tail_that_is_cancelled_while_it_connects_ends(turns: int, redis_url: str) -> None:
    async def read() -> None:
        async for _ in tail.follow(redis_url, ["intents"]):
            pass

    task = asyncio.create_task(read())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=PATIENCE_SECONDS)
    assert done
    assert task.cancelled()
