"""The first connection of a process is waited for: whoever starts together with its database may be the faster one.

It is bounded by the operator's setting and visible: a line at the first failure, and another every few seconds, also
while a single try hangs. What is not Unavailable is no use to wait for and is raised at once.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final, TypeVar

from orbital.domain.errors import Unavailable
from orbital.observe import logging

TRY_SECONDS_MAX: Final = 15.0
TRY_SECONDS_MIN: Final = 2.5
AGAIN_SECONDS: Final = 0.5
SAY_SECONDS: Final = 3.0

T = TypeVar("T")
_log = logging.get_logger("storage")


async def first(wait_seconds: float, attempt: Callable[[float], Awaitable[T]]) -> T:
    """What `attempt` gives, which is told how long it may take and tried again while it raises Unavailable.

    It is tried once at least, and the last failure is raised when `wait_seconds` are over.
    """
    waiting = _Waiting(time.monotonic() + wait_seconds)
    async with waiting.said() if wait_seconds else contextlib.nullcontext():
        while True:
            left = waiting.left_seconds
            try:
                return await attempt(min(TRY_SECONDS_MAX, max(TRY_SECONDS_MIN, left)))
            except Unavailable as error:
                if waiting.left_seconds <= AGAIN_SECONDS:
                    raise
                waiting.go_on(error.detail)
            await asyncio.sleep(AGAIN_SECONDS)


class _Waiting:
    """Until a time of the monotonic clock."""

    def __init__(self, until: float) -> None:
        self._until = until
        self._detail: str | None = None
        self._is_said = False

    @property
    def left_seconds(self) -> float:
        return self._until - time.monotonic()

    def go_on(self, detail: str) -> None:
        """Note why it goes on; the first time that is said at once."""
        is_first, self._detail = self._detail is None, detail
        if is_first:
            self._say()

    @contextlib.asynccontextmanager
    async def said(self) -> AsyncIterator[None]:
        """Within the block it is said every few seconds, and in the end that it was worth it."""
        saying = asyncio.create_task(self._keep_saying())
        try:
            yield
        finally:
            saying.cancel()
        if self._is_said:
            _log.info("database_is_there")

    async def _keep_saying(self) -> None:
        while True:
            await asyncio.sleep(SAY_SECONDS)
            self._say()

    def _say(self) -> None:
        self._is_said = True
        detail = self._detail or "It did not answer yet."
        _log.warning("waiting_for_database", detail=detail, left_seconds=max(0, round(self.left_seconds)))
