"""A delivery that is final moves its solver's reputation, and the next auction weighs bids with it."""

import asyncio
import json
import urllib.request

import asyncpg
import pytest

from orbital.chain import hexes

COUNT_SECONDS = 60
WAITING = """
SELECT (SELECT count(*) FROM awards WHERE NOT concluded) + (SELECT count(*) FROM solver_scores WHERE is_due)
       + (SELECT count(*) FROM solvers WHERE address NOT IN (SELECT address FROM solver_scores))
"""


@pytest.mark.soak
async def test_the_auctioneer_weighs_bids_with_what_was_delivered(devnet):
    reader = devnet.clients[0]
    delivered = await devnet.wait_ended(await devnet.submit(3))
    await counted(devnet)
    reputations = {solver.address: solver.reputation for solver in await reader.list_solvers()}
    winners = {view.solver for view in delivered}
    assert all(reputations[winner] > 5000 for winner in winners)
    for winner in winners:
        performance = await reader.fetch_performance(hexes.parse_address(winner))
        assert performance.reputation.score == reputations[winner]
        assert performance.reputation.inputs["filled_ppm"] >= 10**6
    (last,) = await devnet.submit(1)
    await devnet.wait_ended([last])
    bids = (await fetch(devnet, f"/api/v1/intents/{last}/auction"))["rounds"][0]["bids"]
    assert {bid["solver"]: bid["reputation"] for bid in bids if bid["rank"]}.items() <= reputations.items()
    assert any(bid["reputation"] > 5000 for bid in bids if bid["rank"])


async def counted(devnet):
    """Wait until every award is concluded, and every score counted of it."""
    database = await asyncpg.connect(devnet.database_url)
    try:
        async with asyncio.timeout(COUNT_SECONDS):
            while await database.fetchval(WAITING):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        await database.close()


async def fetch(devnet, path):
    def get():
        with urllib.request.urlopen(devnet.up.devnet["api_url"] + path, timeout=10) as answer:
            return json.load(answer)

    return await asyncio.to_thread(get)
