"""What is known of one node's health, as a value that time and answers move. Pure: moments are given, in seconds.

A node that failed is asked after those that did not. After three failures in a row its circuit is open: it rests, each
time twice as long, and is then probed before it is trusted again. A node that asks to be left alone is left alone for
as long as it says. One whose answers did not fit, or whose head lags, stays behind the others for a while.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

OPEN_AFTER: Final = 3
REST_SECONDS: Final = 1.0
REST_MAX_SECONDS: Final = 30.0
LIMITED_SECONDS: Final = 0.5
LIMITED_MAX_SECONDS: Final = 300.0
BLAME_SECONDS: Final = 60.0
LAG_SECONDS: Final = 20.0
"""Of block time behind the best node; about two blocks of the slowest chains."""


class Circuit(IntEnum):
    """In the order in which nodes are asked."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Budget:
    """A token bucket: `calls_per_second` on the long run, at most one second's worth at once."""

    def __init__(self, calls_per_second: float) -> None:
        self._rate = calls_per_second
        self._capacity = max(1.0, calls_per_second)
        self._tokens = self._capacity
        self._at = 0.0

    def delay(self, calls: int, now: float) -> float:
        """Seconds until so many calls may be sent. A batch above the capacity waits for a full bucket."""
        tokens = min(self._capacity, self._tokens + max(0.0, now - self._at) * self._rate)
        return max(0.0, (min(float(calls), self._capacity) - tokens) / self._rate)

    def reserve(self, calls: int, now: float) -> float:
        """Take so many calls out of the bucket, also ahead of time; returns how long to wait before sending them."""
        delay = self.delay(calls, now)
        self._tokens = min(self._capacity, self._tokens + max(0.0, now - self._at) * self._rate) - calls
        self._at = max(self._at, now)
        return delay


@dataclass(slots=True)
class Health:
    """`failures` in a row; `is_foreign` when it last said that it is of another chain; `head` as last surveyed."""

    failures: int = 0
    limits: int = 0
    rests_until: float = 0.0
    limited_until: float = 0.0
    blamed_until: float = 0.0
    is_foreign: bool = False
    head: int | None = None
    lag_seconds: float = 0.0

    def succeed(self) -> None:
        """It gave a usable answer."""
        self.failures = self.limits = 0
        self.is_foreign = False

    def fail(self, now: float) -> None:
        """It gave no usable answer."""
        self.failures += 1
        if self.failures >= OPEN_AFTER:
            self.rests_until = now + min(REST_MAX_SECONDS, REST_SECONDS * 2 ** (min(self.failures, 16) - OPEN_AFTER))

    def fail_as_foreign(self, now: float) -> None:
        """It is a node of another chain."""
        self.failures += 1
        self.is_foreign = True
        self.rests_until = now + REST_MAX_SECONDS

    def limit(self, now: float, pause_seconds: float | None) -> None:
        """It asks to be left alone, for so long if it says so."""
        self.limits += 1
        pause = LIMITED_SECONDS * 2 ** (min(self.limits, 16) - 1) if pause_seconds is None else pause_seconds
        self.limited_until = now + min(LIMITED_MAX_SECONDS, pause)

    def blame(self, now: float) -> None:
        """What it said did not fit."""
        self.blamed_until = now + BLAME_SECONDS

    def circuit(self, now: float) -> Circuit:
        if self.failures < OPEN_AFTER and not self.is_foreign:
            return Circuit.CLOSED
        return Circuit.OPEN if now < self.rests_until else Circuit.HALF_OPEN

    def is_limited(self, now: float) -> bool:
        return now < self.limited_until

    def is_well(self, now: float) -> bool:
        """Whether it may be asked."""
        return self.circuit(now) is Circuit.CLOSED and not self.is_limited(now)

    def is_behind(self, height: int | None) -> bool:
        """Whether it lags, and may not have the block of this height yet (None: the head)."""
        return self.lag_seconds > LAG_SECONDS and (height is None or self.head is None or height > self.head)

    def rank(self, now: float, height: int | None, delay: float) -> tuple[int, ...]:
        """Nodes are asked in this order, lowest first."""
        return (
            not self.is_well(now),
            self.is_behind(height),
            now < self.blamed_until,
            self.circuit(now),
            self.failures > 0,
            delay > 0,
        )
