"""The line before a pool's connections: who came first goes first, and is told in time when waiting is no use.

A database that answers is waited for, `LONGEST_SECONDS` at most and by a bounded number; one that does not is given up
after as long as the pool says. What tells the two apart is what was last heard of it by whoever had a connection.

The driver's own queue has neither bound nor order: whoever asks at the right moment passes all who wait.
"""

import asyncio
import collections
import math
import time
from dataclasses import dataclass
from typing import Final

from orbital.domain.errors import Overloaded, Unavailable
from orbital.storage import figures

LONGEST_SECONDS: Final = 5.0
"""How long a connection of a database that answers is waited for."""

WAITING_PER_CONNECTION: Final = 50
"""How many may wait for each connection there can be: more than it serves in that time would wait in vain."""

LATE_SECONDS: Final = 1.0
"""A process that stood still for this long has heard nothing because it did not listen."""

RETRY_SECONDS_MAX: Final = 30
SILENT_RETRY_SECONDS: Final = 3
_NEVER: Final = -math.inf


@dataclass(frozen=True, slots=True, eq=False)
class _Turn:
    """One who waits, since a time of the monotonic clock."""

    given: asyncio.Future[None]
    since: float


class Line:
    """Hands out `places`, each to be given back by `leave`. For one event loop."""

    __slots__ = (
        "_due",
        "_free",
        "_heard_at",
        "_length_max",
        "_silence_seconds",
        "_timer",
        "_turns",
        "_waited_seconds",
    )

    def __init__(self, places: int, silence_seconds: float) -> None:
        self._free = places
        self._length_max = places * WAITING_PER_CONNECTION
        self._silence_seconds = silence_seconds
        self._turns = collections.deque[_Turn]()
        self._heard_at = _NEVER
        self._waited_seconds = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._due = math.inf

    @property
    def length(self) -> int:
        """How many wait now."""
        return len(self._turns)

    @property
    def is_answered(self) -> bool:
        """Whether the database was heard lately, so that what did not come in time is late for another reason."""
        return time.monotonic() - self._heard_at < self._silence_seconds / 2

    @property
    def retry_seconds(self) -> int:
        """When to come again: as long as the line took whoever went last."""
        return min(max(1, math.ceil(self._waited_seconds)), RETRY_SECONDS_MAX)

    def enter_at_once(self) -> bool:
        """Take a place if there is one and nobody waits for it."""
        if not self._free:
            return False
        self._free -= 1
        return True

    async def wait(self, *, is_urgent: bool) -> float:
        """Take a place as soon as it is one's turn; the urgent are not counted and go first.

        Returns for how many of the seconds that it waited the database was silent in the end. Overloaded when too many
        wait or for too long, Unavailable when the database has fallen silent.
        """
        if self.length >= self._length_max and not is_urgent:
            raise self.overloaded("line_full", "Too many requests wait for the database.")
        turn = _Turn(asyncio.get_running_loop().create_future(), time.monotonic())
        (self._turns.appendleft if is_urgent else self._turns.append)(turn)
        if self._timer is None:
            self._watch(min(self._silence_seconds, LONGEST_SECONDS))
        figures.WAITING.inc()
        try:
            await turn.given
        except asyncio.CancelledError:
            if turn in self._turns:
                self._turns.remove(turn)
            elif not turn.given.cancelled() and turn.given.exception() is None:
                self._pass_on()
            raise
        finally:
            figures.WAITING.dec()
        now = time.monotonic()
        self._waited_seconds = now - turn.since
        return now - max(self._heard_at, turn.since)

    def leave(self) -> None:
        """Give a place back."""
        if self._turns:
            self._pass_on()
        else:
            self._free += 1
            self._waited_seconds = 0.0

    def hear(self) -> None:
        """Note that the database answers."""
        self._heard_at = time.monotonic()

    def overloaded(self, reason: str, detail: str) -> Overloaded:
        """The error of a database that is there, counted by its reason."""
        figures.OVERLOADS.labels(reason).inc()
        return Overloaded("overloaded", detail, self.retry_seconds)

    def _pass_on(self) -> None:
        while self._turns:
            turn = self._turns.popleft()
            if not turn.given.done():
                turn.given.set_result(None)
                return
        self._free += 1

    def _watch(self, seconds: float) -> None:
        self._due = time.monotonic() + seconds
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """Send home whom waiting is no use for, and look again when it may be the next one's time."""
        self._timer, now, due = None, time.monotonic(), math.inf
        if now - self._due > LATE_SECONDS:
            self.hear()
        for turn in tuple(self._turns):
            silent_at = max(self._heard_at, turn.since) + self._silence_seconds
            ends_at = turn.since + LONGEST_SECONDS
            if now < min(silent_at, ends_at):
                due = min(due, silent_at, ends_at)
                continue
            self._turns.remove(turn)
            if turn.given.done():
                continue
            if now >= silent_at:
                turn.given.set_exception(
                    Unavailable("unavailable", "The database does not answer.", SILENT_RETRY_SECONDS)
                )
            else:
                detail = "The database has more to do than it can: a connection was waited for in vain."
                turn.given.set_exception(self.overloaded("waited", detail))
        if self._turns:
            self._watch(max(due - now, 0.001))
