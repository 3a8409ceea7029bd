"""The duty that concludes awards, a page of those that are open a turn, from the oldest on and round again.

A page bounds what a turn costs, however many awards wait for their chains; some may wait for ever.
"""

from typing import Final

from orbital.analytics import figures
from orbital.analytics.desk import Desk
from orbital.storage import conclusions, leases
from orbital.storage.pool import acquire, transaction

_PAGE: Final = 1000


class Concluder:
    """Remembers how far it has looked."""

    def __init__(self, page: int = _PAGE) -> None:
        self._page = page
        self._after: conclusions.Place | None = None

    async def turn(self, desk: Desk) -> bool:
        """Conclude what has ended in the next page; there is more when a full page gave something."""
        async with acquire(desk.pool) as connection:
            found = await conclusions.list_unconcluded(connection, self._after, self._page)
        is_full = len(found) == self._page
        if not found:
            self._after = None
            return False
        async with transaction(desk.pool) as connection:
            await leases.hold(connection, desk.lease)
            ended = await conclusions.conclude(connection, sorted({one.intent_id for one in found}))
        self._after = found[-1] if is_full else None
        for result, count in ended.items():
            figures.CONCLUDED.labels(result).inc(count)
        return is_full and bool(ended)
