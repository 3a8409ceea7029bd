"""The duty that keeps the score of every known solver what its facts make it.

A score reads all awards of 280 days. So a batch of solvers rests for 20 times as long as it took: for most solvers that
is no time at all; for one with a hundred thousand awards it is some seconds, and never more than a twentieth of a core.
"""

import time
from typing import Final

from orbital.analytics import figures
from orbital.analytics.desk import Clock, Desk
from orbital.domain.types import Address
from orbital.storage import leases, scores
from orbital.storage.pool import acquire, transaction

REST_BY_COST: Final = 20

_BATCH: Final = 50
_PAGE: Final = 1000


class Scorer:
    """Remembers who rests, and up to which address it has looked for solvers that have no score."""

    def __init__(self, batch: int = _BATCH, page: int = _PAGE, clock: Clock = time.monotonic) -> None:
        self._batch, self._page, self._clock = batch, page, clock
        self._after = Address(b"")
        self._resting: dict[Address, float] = {}

    async def turn(self, desk: Desk) -> bool:
        """Score those who are due; there is more when that was a full batch, or solvers were new."""
        now = self._clock()
        self._resting = {one: until for one, until in self._resting.items() if until > now}
        async with acquire(desk.pool) as connection:
            due = await scores.list_due(connection, self._batch, self._resting)
            known = await scores.list_known(connection, self._after, self._page)
        new = [one.address for one in known if not one.is_scored]
        self._after = known[-1].address if len(known) == self._page else Address(b"")
        wanted = sorted({*due, *new})
        for first in range(0, len(wanted), self._batch):
            await self._score(desk, wanted[first : first + self._batch])
        return len(due) == self._batch or bool(new)

    async def _score(self, desk: Desk, batch: list[Address]) -> None:
        began = self._clock()
        async with transaction(desk.pool) as connection:
            await leases.hold(connection, desk.lease)
            await scores.score(connection, batch)
        figures.SCORED.inc(len(batch))
        ended = self._clock()
        if (rest := REST_BY_COST * (ended - began)) > desk.settings.rhythm_seconds:
            self._resting |= dict.fromkeys(batch, ended + rest)
