"""The client reads how solvers compare, as the analytics process counted it."""

import asyncio
import time
from typing import Any

import pytest

from orbital.analytics import loop
from orbital.analytics.settings import AnalyticsSettings
from orbital.chain import hexes
from orbital.client.client import Client
from orbital.client.errors import ApiError
from orbital.domain.standings import Sort, Window

PATIENCE_SECONDS = 20


async def test_anybody_reads_the_leaderboard_and_what_a_solver_did(service: Any) -> None:
    solver, other = service.solver.address, b"\x01" * 20
    coin = service.network.chains[31338].tokens[2]
    async with service.database.driver.acquire() as connection:
        await connection.execute("INSERT INTO solvers VALUES ($1, 0, 0)", other)
        await connection.execute(
            """INSERT INTO concluded_awards VALUES ($1, 1, $2, $2, 'filled', 0,
                floor(extract(epoch FROM now()))::bigint, 2, 9, 1234, 31338, $3, 12345 * 10^14)""",
            bytes(32),
            solver,
            coin.address,
        )
    counting = asyncio.create_task(loop.run(service.database, service.network, AnalyticsSettings(rhythm_seconds=0.05)))
    deadline = time.monotonic() + PATIENCE_SECONDS
    async with Client(service.url) as client:
        while (await client.fetch_performance(solver, Window.ALL)).as_of is None:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
        first = await client.fetch_leaderboard("24h", "speed", limit=1)
        (second,) = (await client.fetch_leaderboard("24h", Sort.SPEED, cursor=first.next_cursor)).data
        (leader,) = first.data
        assert (hexes.parse_address(leader.solver), hexes.parse_address(second.solver)) == (solver, other)
        assert (leader.rank, leader.fills, leader.success_bps, leader.volume_usd_cents) == (1, 1, 10_000, "123")
        assert (second.rank, second.median_fill_seconds, second.reputation) == (2, None, 5000)
        assert (await client.fetch_leaderboard()).as_of is not None
        done = await client.fetch_performance(solver, Window.HOUR)
        assert (done.window, done.median_open_seconds, done.price_improvement_bps) == ("1h", 2, 12)
        (volume,) = done.volume
        assert (volume.symbol, volume.amount) == (coin.symbol, str(12345 * 10**14))
        with pytest.raises(ApiError) as unknown:
            await client.fetch_performance(b"\x02" * 20)
        assert (unknown.value.status, unknown.value.code) == (404, "not_found")
        with pytest.raises(ApiError) as refused:
            await client.fetch_leaderboard("2h")
        assert (refused.value.status, refused.value.fields[0].pointer) == (422, "/window")
        assert str(refused.value).endswith("; /window: A window is one of 1h, 24h, 7d, 30d, 90d, all.")
    counting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await counting
