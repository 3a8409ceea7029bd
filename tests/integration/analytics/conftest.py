"""A migrated database, the lease of whoever leads, and a clock that a test turns on."""

import pytest

from orbital.storage import leases, pool
from orbital.storage.conclusions import LEASE


class Clock:
    """Each look costs `step`: what is looked at twice, before and after, took as long."""

    def __init__(self) -> None:
        self.now, self.step = 1000.0, 0.0

    def __call__(self) -> float:
        self.now += self.step
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def lease(database):
    async with pool.transaction(database) as connection:
        return await leases.acquire(connection, LEASE, "test", 60.0)
