"""Leadership: one process does a job at a time, and one that lost the job can't write any more.

A lease runs out when its holder stops renewing it (killed, or stopped and forgotten). Each holder has a new `epoch`;
every transaction of a leader calls `hold` first, so a holder that slept through its own end fails there. One that was
stopped between its statements, or within one, still holds rows that others need: whoever wants the lease after it ran
out ends that session.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from orbital.domain.errors import Conflict
from orbital.storage import sql
from orbital.storage.pool import Connection

LOST: Final = "lease_lost"
_QUERIES: Final = sql.load("leases")


@dataclass(frozen=True, slots=True)
class Lease:
    name: str
    epoch: int


async def acquire(connection: Connection, name: str, holder: str, seconds: float) -> Lease | None:
    """The lease, or None while another holds it: ask again later, it waits for nobody.

    Only a lease that nobody ever had, and that is shut for the first time just now, is waited for.
    """
    length = dt.timedelta(seconds=seconds)
    epoch = await connection.fetchval(_QUERIES["acquire"], name, holder, length)
    if epoch is not None:
        return Lease(name, epoch)
    await connection.execute(_QUERIES["cut_silent"], name, length)
    return None


async def find_holder(connection: Connection, name: str) -> str | None:
    """Who has the lease, or had it last; None when nobody ever did."""
    holder: str | None = await connection.fetchval(_QUERIES["find_holder"], name)
    return holder


async def seize(connection: Connection, name: str, holder: str, seconds: float) -> Lease:
    """The lease, taken from its holder: an operator's way to be alone. Waits for the holder's running transaction."""
    return Lease(name, await connection.fetchval(_QUERIES["seize"], name, holder, dt.timedelta(seconds=seconds)))


async def renew(connection: Connection, lease: Lease, seconds: float) -> None:
    """Hold it for longer; Conflict `lease_lost` if another took over."""
    if await connection.fetchval(_QUERIES["renew"], lease.name, lease.epoch, dt.timedelta(seconds=seconds)) is None:
        raise _lost(lease)


async def release(connection: Connection, lease: Lease) -> None:
    """Give it up at once, so that the next holder need not wait."""
    await connection.execute(_QUERIES["release"], lease.name, lease.epoch)


async def hold(connection: Connection, lease: Lease) -> None:
    """Make the surrounding transaction that of the holder; Conflict `lease_lost` otherwise."""
    if await connection.fetchval(_QUERIES["hold"], lease.name, lease.epoch) is None:
        raise _lost(lease)


async def shut(connection: Connection, name: str) -> None:
    """Nobody takes the lease or writes by it until this transaction ends; a holder's running one is waited for."""
    await connection.execute(_QUERIES["make"], name)
    await connection.execute(_QUERIES["shut"], name)


def _lost(lease: Lease) -> Conflict:
    return Conflict(LOST, f"The lease {lease.name!r} of epoch {lease.epoch} went to another holder.")
