"""The duty that counts standings anew, a window a turn.

Counting a window reads all of it, so its cost grows with what there is. A window is counted when something was told
that it is made of, or the first of what it counted has left it, and then rests for 20 times as long as that took, and
5 s at least: so all windows together keep the database busy for less than a third of one core however much there is,
and standings are as fresh as that allows. What leaves no mark (a reorg that a later one undid) is there after 10 min.
"""

import time
from dataclasses import dataclass
from typing import Final

from orbital.analytics import figures
from orbital.analytics.desk import Clock, Desk, Duty
from orbital.domain.standings import Window
from orbital.domain.types import UnixSeconds
from orbital.storage import leases, pool, standings

REST_SECONDS_MIN: Final = 5.0
REST_BY_COST: Final = 20
RECOUNT_SECONDS: Final = 600.0


@dataclass(slots=True)
class _Pace:
    """When a window was counted, by the clock, and from what; `moves_at` is when its first leaves it."""

    rests_until: float = 0.0
    counted_at: float | None = None
    mark: standings.Mark = ()
    moves_at: UnixSeconds | None = None


class Standings:
    """Remembers when each window was counted and from what; a new leader counts all of them."""

    def __init__(self, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._paces = {window: _Pace() for window in Window}

    async def turn(self, desk: Desk) -> bool:
        """Count the window that rested longest of those that need it; whether others do."""
        began = self._clock()
        rested = sorted(
            (window for window, pace in self._paces.items() if pace.rests_until <= began),
            key=lambda window: self._paces[window].rests_until,
        )
        if not rested:
            return False
        async with pool.acquire(desk.pool) as connection:
            seen = await standings.look(connection)
        stale = [window for window in rested if self._is_stale(self._paces[window], seen, began)]
        for window in rested:
            if window not in stale:
                self._paces[window].rests_until = began + REST_SECONDS_MIN
        if not stale:
            return False
        moves_at = await _count(desk, stale[0])
        ended = self._clock()
        figures.COUNT_SECONDS.labels(stale[0].value).set(ended - began)
        rest = max(REST_SECONDS_MIN, REST_BY_COST * (ended - began))
        self._paces[stale[0]] = _Pace(ended + rest, ended, seen.mark, moves_at)
        return len(stale) > 1

    @staticmethod
    def _is_stale(pace: _Pace, seen: standings.Seen, now: float) -> bool:
        return (
            pace.counted_at is None
            or pace.mark != seen.mark
            or (pace.moves_at is not None and pace.moves_at <= seen.now)
            or now - pace.counted_at >= RECOUNT_SECONDS
        )


def make_duty() -> Duty:
    return Duty("standings", Standings().turn)


async def _count(desk: Desk, window: Window) -> UnixSeconds | None:
    """In one transaction, so that readers see one state. Its lease is looked at last: it must hold at the commit, and
    to hold it all the time would keep it from being renewed beside a long count.
    """
    tokens = [token for chain in desk.network.chains.values() for token in chain.tokens]
    async with pool.transaction(desk.pool) as connection:
        moves_at = await standings.refresh(connection, window, tokens)
        await leases.hold(connection, desk.lease)
    return moves_at
