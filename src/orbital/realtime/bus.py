"""The publishing side: messages into Redis pub/sub, one channel a topic.

Pub/sub keeps nothing: who is not connected misses what is sent. That is enough, since a message only says that
something is to be read from PostgreSQL.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final, Self

from redis import asyncio as redis
from redis import exceptions
from redis.asyncio import retry
from redis.asyncio.client import PubSub
from redis.backoff import NoBackoff

from orbital.domain.errors import Rejected, Unavailable
from orbital.realtime import messages

AWAY: Final = (exceptions.RedisError, OSError, TimeoutError)
"""What says that Redis does not take or give messages now, or not to us; `failure_of` tells which."""

TIMEOUT_SECONDS: Final = 2.0
HEALTH_CHECK_SECONDS: Final = 5
_PREFIX: Final = "orbital:"
_REFUSED: Final = (
    exceptions.AuthenticationError,
    exceptions.AuthenticationWrongNumberOfArgsError,
    exceptions.AuthorizationError,
    exceptions.NoPermissionError,
)
"""What says that Redis is there and does not serve who comes with these words."""
_NO_SUCH_NUMBER: Final = ("DB index is out of range", "invalid DB index")


class Bus:
    """Publishes to one Redis; connects when needed and again after failures. `aclose` ends it."""

    def __init__(self, redis_url: str) -> None:
        self._redis = connect(redis_url)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def check(self) -> None:
        """Return if Redis serves us now; raises as `publish` does."""
        try:
            await self._redis.ping()
        except AWAY as error:
            pass_cancellation()
            raise failure_of(error) from error
        pass_cancellation()

    async def publish(self, sent: Sequence[messages.Message]) -> None:
        """Hand messages over in order, in one round trip.

        Unavailable when Redis did not confirm all of them, Rejected `redis_refused` when it does not know the user or
        the password, or does not let him publish.
        """
        if not sent:
            return
        pipeline = self._redis.pipeline(transaction=False)
        for message in sent:
            pipeline.publish(channel_of(message.topic), messages.encode(message))
        try:
            await pipeline.execute()
        except AWAY as error:
            pass_cancellation()
            raise failure_of(error) from error
        pass_cancellation()


async def subscribe(stack: contextlib.AsyncExitStack, redis_url: str, topics: Sequence[str]) -> PubSub:
    """A confirmed subscription on a connection of its own, which ends with `stack`. Raises one of `AWAY`."""
    client = connect(redis_url)
    stack.push_async_callback(client.aclose)
    subscription: PubSub = client.pubsub()
    stack.push_async_callback(subscription.aclose)
    await subscription.subscribe(*(channel_of(topic) for topic in topics))
    for _ in topics:
        await subscription.get_message(timeout=TIMEOUT_SECONDS)
    return subscription


async def receive(subscription: PubSub, timeout_seconds: float) -> messages.Message | None:
    """The next message, None when none came in time. Raises one of `AWAY`, or Corrupt for what is no message."""
    received = await subscription.get_message(timeout=timeout_seconds)
    if received is None or received["type"] != "message":
        return None
    raw = received["data"]
    return messages.decode(raw if isinstance(raw, bytes) else str(raw).encode())


def pass_cancellation() -> None:
    """End here if this task was cancelled: the driver loses a cancellation that meets it while it connects.

    Whoever goes on after `subscribe` or `receive`, or after one of `AWAY`, calls it first.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


def channel_of(topic: str) -> str:
    """The pub/sub channel of a topic."""
    return _PREFIX + topic


def connect(redis_url: str, timeout_seconds: float = TIMEOUT_SECONDS) -> redis.Redis:
    """A client that fails at once instead of trying again by itself: how to wait is its caller's decision.

    It connects when it is first used. Rejected `invalid_url` for what is none.
    """
    try:
        return redis.Redis.from_url(
            redis_url,
            socket_connect_timeout=timeout_seconds,
            socket_timeout=timeout_seconds,
            health_check_interval=HEALTH_CHECK_SECONDS,
            retry=retry.Retry(NoBackoff(), 0),
        )
    except ValueError as error:
        raise Rejected("invalid_url", "The URL of Redis must be redis://user:password@host:port/number.") from error


def failure_of(error: BaseException) -> Rejected | Unavailable:
    """One of `AWAY` in our words: Rejected `redis_refused` when trying again with the same words can't help."""
    if isinstance(error, _REFUSED) or str(error).startswith(_NO_SUCH_NUMBER):
        return Rejected("redis_refused", f"Redis refuses: {error}")
    return Unavailable("realtime_unavailable", f"Redis does not answer ({type(error).__name__}).")
