"""The listening side: one subscription a process, shared by all who wait for something.

    hub = Hub(redis_url)            # `await hub.run()` as a task of the process
    with hub.watch("awards", "solver", address) as watch:
        ...read PostgreSQL...
        if await watch.wait(20.0):  # something may have changed: read again

A watch counts from its creation: what happens between reading and waiting is not missed. It may wake for nothing (a
message twice, a connection that was lost or made anew), and while Redis is away (`is_connected`) it only times out: so
whoever waits reads PostgreSQL before and after.
"""

import asyncio
import collections
import contextlib
from collections.abc import Iterator
from typing import Final

from redis.asyncio.client import PubSub

from orbital.domain.errors import Corrupt, Rejected, Unavailable
from orbital.observe import logging
from orbital.realtime import bus, messages

_LISTEN_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 0.2
_RETRY_MAX_SECONDS: Final = 3.0

_Key = tuple[str, str, str]


class Watch:
    """Waits for messages of one topic whose `data` has one value in one field."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def notify(self) -> None:
        self._event.set()

    async def wait(self, timeout_seconds: float) -> bool:
        """True once something came since the last call (or the watch's creation), False after the time."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Hub:
    """Listens to one Redis for all watches of this process."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._watches: dict[_Key, list[Watch]] = {}
        self._fields: collections.Counter[tuple[str, str]] = collections.Counter()
        self._log = logging.get_logger("realtime")
        self._connected = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    async def wait_connected(self) -> None:
        """Return once messages arrive from Redis."""
        await self._connected.wait()

    @contextlib.contextmanager
    def watch(self, topic: str, field: str, value: str) -> Iterator[Watch]:
        """Watch for messages of `topic` with `data[field] == value`."""
        if topic not in messages.TOPICS:
            raise ValueError(f"no topic {topic!r}")
        key, watch = (topic, field, value), Watch()
        self._watches.setdefault(key, []).append(watch)
        self._fields[topic, field] += 1
        try:
            yield watch
        finally:
            self._forget(key, watch)

    async def run(self) -> None:
        """Listen for ever; connects again whenever Redis was away, or refused."""
        pause = _RETRY_SECONDS
        while True:
            was_connected = False
            try:
                await self._listen()
            except (Rejected, Unavailable) as error:
                bus.pass_cancellation()
                was_connected = self._connected.is_set()
                if was_connected or pause == _RETRY_SECONDS:
                    self._log.warning("no messages", code=error.code, detail=error.detail)
            finally:
                self._disconnect()
            pause = _RETRY_SECONDS if was_connected else min(2 * pause, _RETRY_MAX_SECONDS)
            await asyncio.sleep(pause)

    def deliver(self, message: messages.Message) -> None:
        """Wake the watches that a message concerns."""
        for topic, field in self._fields:
            if topic == message.topic:
                for watch in self._watches.get((topic, field, str(message.data.get(field))), ()):
                    watch.notify()

    async def _listen(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            try:
                subscription = await bus.subscribe(stack, self._url, messages.TOPICS)
                bus.pass_cancellation()
                self._log.info("listening")
                self._connected.set()
                self._wake_all()
                while True:
                    await self._take_next(subscription)
                    bus.pass_cancellation()
            except bus.AWAY as error:
                raise bus.failure_of(error) from error

    async def _take_next(self, subscription: PubSub) -> None:
        try:
            message = await bus.receive(subscription, _LISTEN_SECONDS)
        except Corrupt as error:
            self._log.error("malformed message", detail=error.detail)
            return
        if message is not None:
            self.deliver(message)

    def _disconnect(self) -> None:
        """Who waits must know that no message will wake it now."""
        if self._connected.is_set():
            self._connected.clear()
            self._wake_all()

    def _wake_all(self) -> None:
        """Messages may have been lost since these watches were made."""
        for watches in self._watches.values():
            for watch in watches:
                watch.notify()

    def _forget(self, key: _Key, watch: Watch) -> None:
        self._watches[key].remove(watch)
        if not self._watches[key]:
            del self._watches[key]
        self._fields[key[:2]] -= 1
        if not self._fields[key[:2]]:
            del self._fields[key[:2]]
