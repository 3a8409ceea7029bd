"""Scores are counted when they are due, once, at a pace, and by the leader alone."""

import pytest

from orbital.analytics.desk import Desk
from orbital.analytics.scores import REST_BY_COST, Scorer
from orbital.analytics.settings import AnalyticsSettings
from orbital.domain import errors
from orbital.domain.network import Network
from orbital.storage import leases, pool
from orbital.storage.conclusions import LEASE

NETWORK = Network({}, 1, bytes(20), bytes(20), 30, 10**18)
SOLVERS = [bytes([number]) * 20 for number in range(1, 8)]


class Duty:
    def __init__(self, database, lease, clock) -> None:
        self.database, self.clock = database, clock
        self.desk = Desk(database, lease, NETWORK, AnalyticsSettings())
        self.scorer = Scorer(batch=2, page=3, clock=self.clock)

    async def turn(self):
        return await self.scorer.turn(self.desk)

    async def execute(self, statement, *arguments: object):
        async with pool.acquire(self.database) as connection:
            return await connection.fetch(statement, *arguments)

    async def want(self, *solvers: bytes):
        await self.execute("UPDATE solver_scores SET is_due = true WHERE address = ANY ($1::bytea[])", list(solvers))

    async def due(self):
        return [row["address"] for row in await self.execute("SELECT address FROM solver_scores WHERE is_due")]


@pytest.fixture
async def duty(database, lease, clock):
    async with pool.transaction(database) as connection:
        await connection.executemany("INSERT INTO solvers VALUES ($1, 1, 0, 1, 1)", [(one,) for one in SOLVERS])
    return Duty(database, lease, clock)


async def test_every_known_solver_is_scored_and_then_nothing_is_done(duty):
    turns = [await duty.turn() for _ in range(4)]
    assert turns == [True, True, True, False]
    rows = await duty.execute("SELECT address, reputation, is_due, scored_at FROM solver_scores ORDER BY address")
    assert [(row["address"], row["reputation"], row["is_due"]) for row in rows] == [
        (one, 4500, False)
        for one in SOLVERS  # registered long ago, and not one bid: U is 0
    ]
    for _ in range(3):
        assert not await duty.turn()
    assert await duty.execute("SELECT address, reputation, is_due, scored_at FROM solver_scores ORDER BY 1") == rows


async def test_costly_ones_rest_and_keep_nobody_else_waiting(duty):
    while await duty.turn():
        pass
    await duty.want(*SOLVERS[:2])
    duty.clock.step = 10.0
    assert await duty.turn()
    duty.clock.step = 0.0
    await duty.want(*SOLVERS[:3])
    await duty.turn()
    assert await duty.due() == SOLVERS[:2]
    duty.clock.now += REST_BY_COST * 10 - 0.5
    await duty.turn()
    assert await duty.due() == SOLVERS[:2]
    duty.clock.now += 1
    await duty.turn()
    assert await duty.due() == []


async def test_who_lost_the_lease_scores_nobody(duty):
    async with pool.transaction(duty.database) as connection:
        await leases.seize(connection, LEASE, "another", 60)
    with pytest.raises(errors.Conflict, match="lease_lost"):
        await duty.turn()
    assert await duty.execute("SELECT 1 FROM solver_scores") == []
