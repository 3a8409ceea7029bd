"""Those who wait in this process, looked after together: a few statements a second, however many they are.

A waiter learns within a second that its session ended, and is woken for an award whose announcement got lost. While
nobody waits, nothing is asked.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Final

from orbital.api.tokens import Identity
from orbital.domain.errors import OrbitalError, Unauthenticated, Unavailable
from orbital.observe import logging
from orbital.storage import auctions, logins, pool

LOOK_SECONDS: Final = 1.0
RECENT_SECONDS: Final = 3.0
"""An award of this age is told again to those who wait: longer than the auctioneer takes to commit one."""

_log = logging.get_logger("api")


class Waiter:
    """One who waits. `wake` is called whenever it should look at what it waits for, or at `check`."""

    def __init__(self, identity: Identity, wake: Callable[[], None]) -> None:
        self.identity = identity
        self.wake = wake
        self.failure: OrbitalError | None = None

    def check(self) -> None:
        """Raises Unauthenticated once the session has ended, Unavailable when that can't be known."""
        if self.failure is not None:
            raise self.failure


class Room:
    """All who wait in this process."""

    def __init__(self) -> None:
        self._waiters: set[Waiter] = set()
        self._looking: asyncio.Task[None] | None = None
        self.is_closed = False

    @contextlib.contextmanager
    def enter(self, database: pool.Pool, identity: Identity, wake: Callable[[], None]) -> Iterator[Waiter]:
        """Wait in here: a session that runs at the entry is looked at from now on."""
        waiter = Waiter(identity, wake)
        self._waiters.add(waiter)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_after(database))
        try:
            yield waiter
        finally:
            self._waiters.remove(waiter)
            if not self._waiters:
                self._looking.cancel()
                self._looking = None

    def close(self) -> None:
        """Send everybody home with what there is: the process ends."""
        self.is_closed = True
        for waiter in self._waiters:
            waiter.wake()

    async def _look_after(self, database: pool.Pool) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            waiters = tuple(self._waiters)
            try:
                await _look(database, waiters)
            except Unavailable as failure:
                _end_all(waiters, failure)
            except Exception:  # noqa: BLE001 - told to all who wait; those to come are looked after again
                _log.exception("a look at those who wait failed")
                _end_all(waiters, Unavailable("unavailable", "It can't be told whether this session still runs.", 3))


async def _look(database: pool.Pool, waiters: tuple[Waiter, ...]) -> None:
    sessions = {(one.identity.session_id, one.identity.address) for one in waiters}
    async with pool.acquire(database, is_urgent=True) as connection:
        live = await logins.list_live(connection, sessions)
        winners = await auctions.list_winners(connection, {address for _, address in sessions}, RECENT_SECONDS)
    for waiter in waiters:
        if waiter.identity.session_id not in live:
            _end(waiter, Unauthenticated("unauthenticated", "This session has ended; log in again."))
        elif waiter.identity.address in winners:
            waiter.wake()


def _end_all(waiters: tuple[Waiter, ...], failure: OrbitalError) -> None:
    for waiter in waiters:
        _end(waiter, failure)


def _end(waiter: Waiter, failure: OrbitalError) -> None:
    waiter.failure = failure
    waiter.wake()
