"""The analytics process: leads under a lease, and does its duties turn by turn.

Several may run; one leads, the others wait for its lease to run out. The lease is renewed beside the work, so a long
statement does not lose it. When PostgreSQL goes away or the lease is lost, leading ends and starts over by itself. All
that is written here can be made again from the ledger, and nobody waits for it: late is the worst that it can be.
"""

import asyncio
import contextlib
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from typing import Final

from orbital.analytics import duties, figures
from orbital.analytics.desk import Desk, Duty
from orbital.analytics.settings import AnalyticsSettings
from orbital.domain.errors import Conflict, OrbitalError, Unavailable
from orbital.domain.network import Network
from orbital.observe import logging
from orbital.storage import leases
from orbital.storage.conclusions import LEASE
from orbital.storage.pool import Pool, transaction

_BACK_OFF_SECONDS: Final = 1.0
_STANDBY_SECONDS: Final = 0.5
_RELEASE_SECONDS: Final = 0.5

log = logging.get_logger("analytics")


async def run(
    pool: Pool,
    network: Network,
    settings: AnalyticsSettings,
    make_duties: Callable[[], Sequence[Duty]] = duties.make_duties,
) -> None:
    """Run until cancelled; PostgreSQL away only delays."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    is_away, leader = False, None
    figures.IS_LEADER.set(0)
    while True:
        try:
            lease, leader_now = await _acquire(pool, holder, settings)
            is_away = False
            if lease is None:
                if leader_now != leader:
                    log.info("standing_by", leader=leader_now)
                leader = leader_now
                await asyncio.sleep(_STANDBY_SECONDS)
                continue
            leader = None
            await _lead(Desk(pool, lease, network, settings), make_duties())
        except (Unavailable, Conflict) as error:
            if isinstance(error, Conflict) and error.code != "lease_lost":
                raise
            if not is_away:
                log.warning("not_leading", code=error.code, detail=error.detail)
            is_away = True
            await asyncio.sleep(_BACK_OFF_SECONDS)


async def turn(desk: Desk, every: Sequence[Duty]) -> bool:
    """One turn of each duty, in order; whether one of them has more to do at once."""
    has_more = False
    for duty in every:
        began = time.monotonic()
        has_more |= await duty.turn(desk)
        figures.DUTY_SECONDS.labels(duty.name).set(time.monotonic() - began)
    return has_more


async def _acquire(pool: Pool, holder: str, settings: AnalyticsSettings) -> tuple[leases.Lease | None, str | None]:
    """The lease, or None and who leads."""
    async with transaction(pool) as connection:
        lease = await leases.acquire(connection, LEASE, holder, settings.lease_seconds)
        return lease, None if lease is not None else await leases.find_holder(connection, LEASE)


async def _lead(desk: Desk, every: Sequence[Duty]) -> None:
    """Work until something fails; its error is raised, the lease given back."""
    log.info("leading", epoch=desk.lease.epoch)
    figures.IS_LEADER.set(1)
    jobs = [asyncio.ensure_future(job) for job in (_renew(desk), _work(desk, every))]
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        figures.IS_LEADER.set(0)
        for job in jobs:
            job.cancel()
        ended = await asyncio.gather(*jobs, return_exceptions=True)
        await _release(desk)
    failures = [one for one in ended if isinstance(one, Exception)]
    unexpected = [one for one in failures if not isinstance(one, OrbitalError)]
    raise (unexpected or failures)[0]


async def _renew(desk: Desk) -> None:
    while True:
        await asyncio.sleep(desk.settings.renew_seconds)
        async with transaction(desk.pool) as connection:
            await leases.renew(connection, desk.lease, desk.settings.lease_seconds)


async def _work(desk: Desk, every: Sequence[Duty]) -> None:
    while True:
        has_more = await turn(desk, every)
        await asyncio.sleep(0 if has_more else desk.settings.rhythm_seconds)


async def _release(desk: Desk) -> None:
    """Give the lease back if the database is there to take it; it runs out by itself otherwise."""
    with contextlib.suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(_RELEASE_SECONDS), transaction(desk.pool) as connection:
            await leases.release(connection, desk.lease)
