"""Follows topics as a stream of messages, for who wants to see everything rather than to wait for something."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from orbital.realtime import bus, messages

_LISTEN_SECONDS: Final = 5.0
_RETRY_SECONDS: Final = 1.0


async def follow(redis_url: str, topics: Sequence[str]) -> AsyncIterator[messages.Message]:
    """Every message of these topics from now on, across outages of Redis; what is sent meanwhile is missed."""
    while True:
        try:
            async with contextlib.AsyncExitStack() as stack:
                subscription = await bus.subscribe(stack, redis_url, topics)
                while True:
                    bus.pass_cancellation()
                    message = await bus.receive(subscription, _LISTEN_SECONDS)
                    if message is not None:
                        yield message
        except bus.AWAY:
            bus.pass_cancellation()
            await asyncio.sleep(_RETRY_SECONDS)
