"""A deadline passes in the first block after it, on the chain that it belongs to, whoever indexed first."""

import pytest

from orbital.domain import facts
from orbital.domain.types import UnixSeconds
from orbital.storage import ledger, pool

PASSED = """
SELECT data ->> 'which' AS which, chain_id, block_number, timestamp FROM canonical_facts
WHERE name = 'DeadlinePassed' AND intent_id = $1 ORDER BY which
"""


async def test_it_is_the_first_block_after_the_time(world, submit):
    match = await world.match()
    await submit(match)
    due = match.intent.open_deadline
    async with world.indexing(world.origin):
        await world.warp(world.origin, due)  # deadlines are inclusive
        await world.caught_up(world.origin)
        assert await world.status(match) == "pending"
        await world.warp(world.origin, due + 1)
        await world.mine(world.origin, 3)
        await world.caught_up(world.origin)
    head = await world.nodes[world.origin].header("latest")
    assert await world.fetch(PASSED, match.intent_id) == [
        {"which": "open_deadline", "chain_id": 31337, "block_number": head.number - 3, "timestamp": due + 1}
    ]
    assert await world.status(match) == "expired"


@pytest.mark.parametrize("first", ["origin", "destination"])
async def test_the_order_of_indexing_does_not_matter(world, first, wait_until):
    match = await world.match()
    await world.open(match)
    await world.warp(world.destination, match.intent.fill_deadline + 5)
    await world.mine(world.destination, 2)
    order = [world.origin, world.destination]
    for chain_id in order if first == "origin" else reversed(order):
        async with world.indexing(chain_id):
            await world.caught_up(chain_id)
    async with world.indexing(deadline_seconds=0.05):
        await wait_until(lambda: is_expired(world, match))
    head = await world.nodes[world.destination].header("latest")
    assert await world.fetch(PASSED, match.intent_id) == [
        {
            "which": "fill_deadline",
            "chain_id": 31338,
            "block_number": head.number - 2,
            "timestamp": match.intent.fill_deadline + 5,
        }
    ]
    row = (await world.fetch("SELECT status, refund_due FROM intents"))[0]
    assert (row["status"], row["refund_due"]) == ("expired", True)


async def test_a_deadline_set_after_its_block_passes_without_another_block(world, submit, wait_until):
    """Nothing is mined any more, and the intent comes late."""
    match = await world.match()
    async with world.indexing(deadline_seconds=0.05):
        await world.warp(world.origin, match.intent.open_deadline + 1)
        await world.caught_up()
        await submit(match)
        await wait_until(lambda: is_expired(world, match))


async def test_an_awards_times_pass_on_their_own_chains(world, submit):
    match = await world.match()
    await submit(match)
    award = match.award
    event = facts.IntentAwarded(1, award.solver, award.output_amount, award.open_by, award.fill_by)
    async with pool.transaction(world.database) as connection:
        fact = facts.Fact(match.intent_id, event, None, UnixSeconds(2))
        await ledger.record(connection, [fact], world.network.rules)
    async with world.indexing():
        await world.warp(world.origin, award.open_by + 1)
        await world.warp(world.destination, award.fill_by + 1)
        await world.caught_up()
    found = {row["which"]: row["chain_id"] for row in await world.fetch(PASSED, match.intent_id)}
    assert found == {"open_by": 31337, "fill_by": 31338, "fill_deadline": 31338}


async def test_a_reorg_takes_a_passed_deadline_back(world, submit):
    match = await world.match()
    await submit(match)
    due = match.intent.open_deadline
    async with world.indexing(world.origin):
        await world.warp(world.origin, due + 1)
        await world.caught_up(world.origin)
        assert await world.status(match) == "expired"
        await world.reorg(world.origin, 1)  # anvil's time falls back with it
        await world.caught_up(world.origin)
        replaced = await world.nodes[world.origin].header("latest")
        assert replaced.timestamp <= due
        assert await world.status(match) == "pending"
        await world.warp(world.origin, due + 2)
        await world.caught_up(world.origin)
    assert [row["timestamp"] for row in await world.fetch(PASSED, match.intent_id)] == [due + 2]


async def is_expired(world, match):
    return await world.status(match) == "expired"
