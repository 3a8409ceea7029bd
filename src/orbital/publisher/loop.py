"""Moves announcements from the outbox to the bus, each at least once and in order of the outbox.

A batch is taken out and published in one transaction: if Redis does not confirm it, the rows stay; if the commit fails
after that, they go out again. While nothing is announced it asks one cheap question a tenth of a second.
"""

import asyncio
import collections

from orbital.domain.errors import Unavailable
from orbital.observe import logging
from orbital.publisher import figures
from orbital.publisher.settings import PublisherSettings
from orbital.realtime.bus import Bus
from orbital.realtime.messages import Message
from orbital.storage import outbox, pool


async def run(database: pool.Pool, bus: Bus, settings: PublisherSettings) -> None:
    """Publish until cancelled; PostgreSQL or Redis away only delays. Rejected `redis_refused` when it does not know us.

    What nothing has shown yet, that Redis is there and takes messages, is asked: an empty outbox does not say so.
    """
    log = logging.get_logger("publisher")
    pause, retry = settings.busy_seconds, settings.retry_seconds
    is_there: bool | None = None
    while True:
        try:
            count = await publish_batch(database, bus, settings.batch)
            if not is_there and not count:
                await bus.check()
        except Unavailable as error:
            if is_there is not False:
                figures.IS_OK.set(0)
                log.warning("announcements wait", code=error.code, detail=error.detail)
            is_there = False
            await asyncio.sleep(retry)
            retry = min(2 * retry, settings.retry_max_seconds)
            continue
        if is_there is False:
            log.info("announcements go out again")
        figures.IS_OK.set(1)
        retry, is_there = settings.retry_seconds, True
        if count < settings.batch:
            pause = settings.busy_seconds if count else min(1.5 * pause, settings.idle_seconds)
            await asyncio.sleep(pause)


async def publish_batch(database: pool.Pool, bus: Bus, limit: int) -> int:
    """Take out and publish up to `limit` announcements; returns how many went out."""
    async with pool.acquire(database) as connection:
        if await outbox.is_empty(connection):
            return 0
    async with pool.transaction(database) as connection:
        taken = await outbox.take(connection, limit)
        await bus.publish([_message(outgoing) for outgoing in taken])
    for topic, count in collections.Counter(one.announcement.topic for one in taken).items():
        figures.PUBLISHED.labels(topic).inc(count)
    return len(taken)


def _message(outgoing: outbox.Outgoing) -> Message:
    one = outgoing.announcement
    return Message(outgoing.seq, one.topic, one.event, one.data)
