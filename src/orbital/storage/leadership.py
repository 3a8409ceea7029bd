"""A process that does what one process does at a time: it waits for the lease, works while it has it, and starts over.

The lease is renewed beside the work, so a long statement does not lose it. While the database is away nobody can take
it either. What a leader writes is guarded by `leases.hold`, not by this: here only time is saved.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

from orbital.domain.errors import Conflict, OrbitalError, Unavailable
from orbital.observe.logging import Logger
from orbital.observe.metrics import Gauge
from orbital.storage import leases
from orbital.storage.leases import Lease
from orbital.storage.pool import Pool, acquire, transaction

Jobs = Callable[[Lease], Sequence[Awaitable[None]]]
"""What a leader does side by side, made anew for each lease. None of it is meant to end."""

RELEASE_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The lease runs out `lease_seconds` after its last renewal; it is asked for every `standby_seconds`."""

    lease_seconds: float = 4.0
    renew_seconds: float = 1.0
    standby_seconds: float = 0.5
    back_off_seconds: float = 1.0


async def lead(pool: Pool, name: str, terms: Terms, jobs: Jobs, log: Logger, leads: Gauge) -> NoReturn:
    """Do `jobs` whenever the lease `name` is ours, until cancelled; `leads` is 1 then, else 0.

    A job that ends with Unavailable, or because the lease went to another, makes it start over. Raises whatever else a
    job raises. Who leads instead, and why nobody here does, is logged once.
    """
    waiting = _Waiting(pool, name, terms, log)
    leads.set(0)
    while True:
        lease = await waiting.take()
        log.info("leading", epoch=lease.epoch)
        leads.set(1)
        try:
            await _work(pool, lease, terms, jobs(lease))
        except (Unavailable, Conflict) as error:
            if isinstance(error, Conflict) and error.code != leases.LOST:
                raise
            waiting.say_away(error)
        finally:
            leads.set(0)
            await _release(pool, lease)
        await asyncio.sleep(terms.back_off_seconds)


class _Waiting:
    """Asks for the lease until it is ours."""

    def __init__(self, pool: Pool, name: str, terms: Terms, log: Logger) -> None:
        self._pool, self._name, self._terms, self._log = pool, name, terms, log
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._leader: str | None = None
        self._is_away = False

    async def take(self) -> Lease:
        while True:
            try:
                async with transaction(self._pool) as connection:
                    lease = await leases.acquire(connection, self._name, self._holder, self._terms.lease_seconds)
                    leader = None if lease is not None else await leases.find_holder(connection, self._name)
            except Unavailable as error:
                self.say_away(error)
            else:
                self._is_away = False
                if leader not in {None, self._leader}:
                    self._log.info("standing_by", leader=leader)
                self._leader = leader
                if lease is not None:
                    return lease
            await asyncio.sleep(self._terms.standby_seconds)

    def say_away(self, error: OrbitalError) -> None:
        if not self._is_away:
            self._log.warning("not_leading", code=error.code, detail=error.detail)
        self._is_away = True


async def _work(pool: Pool, lease: Lease, terms: Terms, jobs: Sequence[Awaitable[None]]) -> None:
    """Do the jobs until one ends; its error is raised, one that is none of ours rather than others."""
    tasks = [asyncio.ensure_future(job) for job in (_renew(pool, lease, terms), *jobs)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    failures = [one for one in ended if isinstance(one, Exception)]
    raise next((one for one in failures if not isinstance(one, OrbitalError)), failures[0])


async def _renew(pool: Pool, lease: Lease, terms: Terms) -> None:
    """Keep the lease; Conflict once somebody has it."""
    while True:
        await asyncio.sleep(terms.renew_seconds)
        with contextlib.suppress(Unavailable):
            async with acquire(pool) as connection:
                await leases.renew(connection, lease, terms.lease_seconds)


async def _release(pool: Pool, lease: Lease) -> None:
    """Let the next one start at once; when the database is away the lease runs out by itself."""
    with contextlib.suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(RELEASE_SECONDS), acquire(pool) as connection:
            await leases.release(connection, lease)
