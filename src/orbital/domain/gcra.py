"""The generic cell rate algorithm: from idle exactly `burst` requests at once, then one every `interval_us`.

All that is kept of a caller is its theoretical arrival time, the moment at which it will be idle again. Everything is
in whole microseconds, which a double holds exactly for any date: so the same steps in Redis give the same answers. A
clock that steps back can hold nobody up for longer than the whole burst takes.

Source: ATM Forum, "Traffic Management Specification 4.0", section 4.4.2 (virtual scheduling).
"""

from dataclasses import dataclass
from typing import Final

MICROSECONDS: Final = 1_000_000
SECONDS_A_MINUTE: Final = 60


@dataclass(frozen=True, slots=True)
class Limit:
    """`interval_us` is the time that one request costs, `burst` how many may be owed at once; both at least 1."""

    interval_us: int
    burst: int

    @property
    def depth_us(self) -> int:
        """How long a caller that used up everything needs until it is idle again."""
        return self.interval_us * self.burst


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a request is within its limit, and how far its caller is from idle after it."""

    is_allowed: bool
    backlog_us: int


def limit_of(requests: int, seconds: int, burst: int) -> Limit:
    """`requests` in `seconds`; an interval that is no whole number of microseconds is rounded up, never over."""
    return Limit(-(-seconds * MICROSECONDS // requests), burst)


def take(limit: Limit, idle_at_us: int | None, now_us: int) -> Verdict:
    """Judge one request of a caller that is idle from `idle_at_us` on (None: it is not known).

    The caller's new time is `now_us + backlog_us`; a refused request changes nothing.
    """
    owed = 0 if idle_at_us is None else min(max(0, idle_at_us - now_us), limit.depth_us)
    after = owed + limit.interval_us
    if after > limit.depth_us:
        return Verdict(is_allowed=False, backlog_us=owed)
    return Verdict(is_allowed=True, backlog_us=after)


def remaining(limit: Limit, verdict: Verdict) -> int:
    """How many more requests would be taken at this moment."""
    return (limit.depth_us - verdict.backlog_us) // limit.interval_us


def reset_seconds(verdict: Verdict) -> int:
    """Whole seconds, rounded up, until the caller has its burst back."""
    return -(-verdict.backlog_us // MICROSECONDS)


def retry_seconds(limit: Limit, verdict: Verdict) -> int:
    """Whole seconds, rounded up, until one more request is taken; 0 when it would be now."""
    return -(-max(0, verdict.backlog_us + limit.interval_us - limit.depth_us) // MICROSECONDS)
