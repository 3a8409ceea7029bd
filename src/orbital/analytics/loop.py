"""The analytics process: leads under a lease, and does its duties turn by turn.

Several may run; one leads, the others wait for its lease to run out. All that is written here can be made again from
the ledger, and nobody waits for it: late is the worst that it can be.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from orbital.analytics import duties, figures
from orbital.analytics.desk import Desk, Duty
from orbital.analytics.settings import AnalyticsSettings
from orbital.domain.network import Network
from orbital.observe import logging
from orbital.storage import leadership
from orbital.storage.conclusions import LEASE
from orbital.storage.leases import Lease
from orbital.storage.pool import Pool

log = logging.get_logger("analytics")


async def run(
    pool: Pool,
    network: Network,
    settings: AnalyticsSettings,
    make_duties: Callable[[], Sequence[Duty]] = duties.make_duties,
) -> None:
    """Run until cancelled; PostgreSQL away only delays."""

    def work(lease: Lease) -> list[Coroutine[Any, Any, None]]:
        return [_work(Desk(pool, lease, network, settings), make_duties())]

    terms = leadership.Terms(lease_seconds=settings.lease_seconds, renew_seconds=settings.renew_seconds)
    await leadership.lead(pool, LEASE, terms, work, log, figures.IS_LEADER)


async def turn(desk: Desk, every: Sequence[Duty]) -> bool:
    """One turn of each duty, in order; whether one of them has more to do at once."""
    has_more = False
    for duty in every:
        began = time.monotonic()
        has_more |= await duty.turn(desk)
        figures.DUTY_SECONDS.labels(duty.name).set(time.monotonic() - began)
    return has_more


async def _work(desk: Desk, every: Sequence[Duty]) -> None:
    while True:
        has_more = await turn(desk, every)
        await asyncio.sleep(0 if has_more else desk.settings.rhythm_seconds)
