"""The node's announcements of heads as a wake-up call, and nothing more: what is new is read over HTTP.

While the subscription is away the signal is not live, and its owner asks by himself at short intervals.
"""

import asyncio
import contextlib
from typing import Final

from orbital.chain import transport
from orbital.domain.errors import OrbitalError
from orbital.domain.types import ChainId
from orbital.observe import logging

_RETRY_SECONDS: Final = 1.0
_RETRY_MAX_SECONDS: Final = 15.0


class Signal:
    """Set by each announced head. `is_live` while announcements are to be expected."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
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


async def listen(ws_url: str, chain_id: ChainId, signal: Signal) -> None:
    """Set `signal` at each head that is announced; connects again for ever."""
    log = logging.get_logger("indexer").bind(chain_id=chain_id)
    pause, said = _RETRY_SECONDS, ""
    while True:
        try:
            async with contextlib.aclosing(transport.follow_heads(ws_url, chain_id)) as heads:
                async for _ in heads:
                    signal.is_live, pause, said = True, _RETRY_SECONDS, ""
                    signal.set()
        except OrbitalError as error:
            if error.code != said:
                log.warning("no announcements of heads, asking instead", detail=error.detail)
            said = error.code
        finally:
            signal.is_live = False
            signal.set()
        await asyncio.sleep(pause)
        pause = min(2 * pause, _RETRY_MAX_SECONDS)
