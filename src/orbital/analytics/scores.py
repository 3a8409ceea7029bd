"""The duty that keeps the score of every known solver what its facts make it."""

from typing import Final

from orbital.analytics import figures
from orbital.analytics.desk import Desk
from orbital.domain.types import Address
from orbital.storage import leases, scores
from orbital.storage.pool import acquire, transaction

_BATCH: Final = 50
_PAGE: Final = 1000


class Scorer:
    """Remembers up to which address it has looked for solvers that have no score."""

    def __init__(self, batch: int = _BATCH, page: int = _PAGE) -> None:
        self._batch, self._page = batch, page
        self._after = Address(b"")

    async def turn(self, desk: Desk) -> bool:
        """Score those who are due; there is more when that was a full batch, or solvers were new."""
        async with acquire(desk.pool) as connection:
            due = await scores.list_due(connection, self._batch)
            known = await scores.list_known(connection, self._after, self._page)
        new = [one.address for one in known if not one.is_scored]
        self._after = known[-1].address if len(known) == self._page else Address(b"")
        wanted = sorted({*due, *new})
        for first in range(0, len(wanted), self._batch):
            batch = wanted[first : first + self._batch]
            async with transaction(desk.pool) as connection:
                await leases.hold(connection, desk.lease)
                await scores.score(connection, batch)
            figures.SCORED.inc(len(batch))
        return len(due) == self._batch or bool(new)
