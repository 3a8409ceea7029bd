"""What is committed to the outbox reaches those who wait for it, and waits itself while Redis is away."""

import asyncio
import contextlib
import time

import pytest
import structlog
from redis import asyncio as redis_client

from orbital.devnet import ports, process, redis, settings
from orbital.domain.errors import Unavailable
from orbital.observe import metrics
from orbital.publisher import loop
from orbital.realtime import bus, messages

WAIT_SECONDS = 20.0


async def test_a_watch_wakes_for_its_own_value_only(redis_url, publishing, listening, announce):
    async with listening(redis_url) as hub, publishing(redis_url):
        with hub.watch("intents", "intent_id", "0xaa") as ours, hub.watch("intents", "intent_id", "0xbb") as other:
            await announce({"intent_id": "0xaa"})
            assert await ours.wait(WAIT_SECONDS)
            assert not await other.wait(0)
            assert not await ours.wait(0)


async def test_topics_are_apart(redis_url, publishing, listening, announce):
    async with listening(redis_url) as hub, publishing(redis_url):
        with hub.watch("awards", "solver", "0x01") as awards, hub.watch("intents", "solver", "0x01") as intents:
            await announce({"solver": "0x01"}, topic="awards")
            assert await awards.wait(WAIT_SECONDS)
            assert not await intents.wait(0)


async def test_messages_come_in_order_and_once(redis_url, publishing, announce, count_waiting):
    async with redis_client.Redis.from_url(redis_url) as client, client.pubsub() as subscription:
        await subscription.subscribe(bus.channel_of("intents"))
        await subscription.get_message(timeout=WAIT_SECONDS)
        async with publishing(redis_url, batch=7):
            await announce(*({"number": number} for number in range(50)))
            received = [await next_message(subscription) for _ in range(50)]
            await until_zero(count_waiting)
    assert [one.data["number"] for one in received] == list(range(50))
    assert [one.seq for one in received] == sorted({one.seq for one in received})


async def test_nothing_is_published_before_the_commit(redis_url, database, announce, count_waiting):
    async with bus.Bus(redis_url) as opened:
        async with database.driver.acquire() as connection, connection.transaction():
            await connection.execute("INSERT INTO outbox (topic, event, data) VALUES ('intents', 'X', '{}'::jsonb)")
            assert await loop.publish_batch(database, opened, 10) == 0
        assert await loop.publish_batch(database, opened, 10) == 1
        assert await loop.publish_batch(database, opened, 10) == 0


async def test_rows_stay_while_redis_is_away(database, announce, count_waiting):
    await announce({"intent_id": "0xaa"})
    async with bus.Bus(f"redis://{ports.LOOPBACK}:{ports.find_free_port()}") as opened:
        with pytest.raises(Unavailable):
            await loop.publish_batch(database, opened, 10)
    assert await count_waiting() == 1


async def test_an_empty_outbox_does_not_hide_that_redis_is_away(tmp_path, is_bundled, publishing):
    server = redis.prepare(settings.RedisSettings(data_dir=tmp_path, bundled=is_bundled))
    with structlog.testing.capture_logs() as said:
        async with publishing(server.url, retry_seconds=0.02, retry_max_seconds=0.05):
            await until(lambda: said)
            assert is_shown("orbital_publisher_ok 0.0")
            with process.start(server.command, tmp_path / "redis.log"):
                await until(lambda: is_shown("orbital_publisher_ok 1.0"))
    assert [one["event"] for one in said] == ["announcements wait", "announcements go out again"]
    assert said[0]["code"] == "realtime_unavailable"


async def test_a_restart_of_redis_loses_no_row_and_wakes_who_waits(
    tmp_path, is_bundled, publishing, listening, announce, count_waiting
):
    def start(name):
        server = redis.prepare(settings.RedisSettings(data_dir=tmp_path, bundled=is_bundled))
        return server.url, process.start(server.command, tmp_path / name)

    url, first = start("first.log")
    async with contextlib.AsyncExitStack() as stack:
        with first:
            hub = await stack.enter_async_context(listening(url))
            await stack.enter_async_context(publishing(url, retry_seconds=0.02, retry_max_seconds=0.05))
        await until(lambda: not hub.is_connected)  # which wakes whoever waits, so nobody does yet
        with hub.watch("intents", "intent_id", "0xaa") as watch:
            await announce({"intent_id": "0xaa"})
            assert not await watch.wait(0.2)
            assert await count_waiting() == 1
            again, second = start("second.log")
            assert again == url
            with second:
                assert await watch.wait(WAIT_SECONDS)
                await until_zero(count_waiting)


async def next_message(subscription):
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        received = await subscription.get_message(ignore_subscribe_messages=True, timeout=1.0)
        if received is not None:
            return messages.decode(received["data"])
    raise AssertionError("no message came")


def is_shown(line):
    return line in metrics.render().decode().splitlines()


async def until(holds):
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)


async def until_zero(count):
    end = time.monotonic() + WAIT_SECONDS
    while await count():
        assert time.monotonic() < end
        await asyncio.sleep(0.01)
