"""What a duty of the analytics process works with, and what it is.

A duty brings one read model up to date. A turn does a bounded part of what there is to do, in transactions that begin
with `leases.hold`, so that a process that lost the lease writes nothing, and says whether there is more to do at once.
What a duty remembers between turns is gone when another process takes over: nothing may depend on it but the pace.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from orbital.analytics.settings import AnalyticsSettings
from orbital.domain.network import Network
from orbital.storage.leases import Lease
from orbital.storage.pool import Pool


@dataclass(frozen=True, slots=True)
class Desk:
    """The database, the lease that all writing is done under, and the deployment."""

    pool: Pool
    lease: Lease
    network: Network
    settings: AnalyticsSettings


Turn = Callable[[Desk], Awaitable[bool]]

Clock = Callable[[], float]
"""Seconds that only go forward."""


@dataclass(frozen=True, slots=True)
class Duty:
    """`name` is the word for it in logs and figures."""

    name: str
    turn: Turn
