"""The nodes' announcements of heads as a wake-up call, and nothing more: what is new is read over HTTP.

One subscription is held at a time, to the first of the places that keeps announcing; one that is away, of another chain
or silent is left for the next. Silent is a subscription that announces nothing while heads that are read move on. While
there is none the signal is not live, and its owner asks by himself at short intervals.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final

from orbital.chain import transport
from orbital.domain.errors import OrbitalError
from orbital.domain.types import ChainId
from orbital.indexer import figures
from orbital.observe import logging
from orbital.observe.logging import Logger

SILENT_HEADS: Final = 2
"""Heads that pass unannounced before silence is suspected: one may fall between two subscriptions."""

_RETRY_SECONDS: Final = 1.0
_RETRY_MAX_SECONDS: Final = 15.0


class Signal:
    """Set by each announced head. `is_live` while announcements are to be expected.

    Whoever reads heads tells what he sees; after two that nobody announced an announcement has to come within
    `silence_seconds`, or `attention` ends with a TimeoutError.
    """

    def __init__(self, silence_seconds: float) -> None:
        self._event = asyncio.Event()
        self._silence_seconds = silence_seconds
        self._limit: asyncio.Timeout | None = None
        self._height: int | None = None
        self._unannounced = 0
        self.is_live = False

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    async def wait(self, seconds: float) -> None:
        """Return at the next announcement, or after so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._event.wait()

    def announce(self, number: int) -> None:
        """A head was announced."""
        self._height = max(number, self._height or 0)
        self._unannounced = 0
        self._expect_within(None)
        self.is_live = True
        self.set()

    def see(self, number: int) -> None:
        """A head was read, announced or not."""
        if self._height is not None and number > self._height:
            self._unannounced += number - self._height
            if self._unannounced >= SILENT_HEADS and self._limit is not None and self._limit.when() is None:
                self._expect_within(self._silence_seconds)
        self._height = max(number, self._height or 0)

    @contextlib.asynccontextmanager
    async def attention(self) -> AsyncIterator[None]:
        """Around one subscription: TimeoutError when it is silent."""
        self._unannounced = 0
        try:
            async with asyncio.timeout(None) as self._limit:
                yield
        finally:
            self._limit, self.is_live = None, False
            self.set()

    def _expect_within(self, seconds: float | None) -> None:
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


async def listen(ws_urls: Sequence[str], chain_id: ChainId, signal: Signal) -> None:
    """Set `signal` at each head that is announced; connects again for ever, each time to the next of these places."""
    log = logging.get_logger("indexer").bind(chain_id=chain_id)
    pause = _RETRY_SECONDS
    said: dict[str, str] = {}
    while True:
        for url in ws_urls:
            if await _hear(url, chain_id, signal, log, said):
                pause = _RETRY_SECONDS
        await asyncio.sleep(pause)
        pause = min(2 * pause, _RETRY_MAX_SECONDS)


async def _hear(url: str, chain_id: ChainId, signal: Signal, log: Logger, said: dict[str, str]) -> bool:
    """Listen to one place until it ends; whether it announced anything. `said` is what was last logged of a place."""
    label, place = str(chain_id), transport.place_of(url)
    has_announced = False
    try:
        async with signal.attention(), contextlib.aclosing(transport.follow_heads(url, chain_id)) as heads:
            async for head in heads:
                if not has_announced:
                    log.info("heads are announced", node=place)
                    figures.IS_ANNOUNCED.labels(label).set(1)
                has_announced = True
                said.pop(place, None)
                signal.announce(head.number)
    except TimeoutError:
        reason, detail = "silent", "It announces nothing while the heads that others give move on."
    except OrbitalError as error:
        reason, detail = error.code, error.detail
    else:
        reason, detail = "ended", "It ended."
    figures.IS_ANNOUNCED.labels(label).set(0)
    figures.STREAMS_ENDED.labels(label, place, reason).inc()
    if said.get(place) != reason:
        log.warning("no announcements of heads", node=place, reason=reason, detail=detail)
    said[place] = reason
    return has_announced
