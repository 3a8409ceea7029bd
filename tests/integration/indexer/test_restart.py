"""Whatever kills a worker, the next one goes on: nothing is indexed twice, nothing is left out."""

import asyncio
import random

import pytest

from orbital.storage import pool, rebuild

QUICK_LEASE = {"lease_seconds": 0.4, "renew_seconds": 0.1, "retry_seconds": 0.05, "verify_seconds": 0.05}
MINED_AT_ONCE = 25  # a busy machine mines more of them longer than a node may take to answer


async def test_kills_at_random_points_leave_no_trace(world, kill_along, fingerprint, reset):
    await traffic(world, random.Random(20261124), intents=4, blocks=200)
    await check_kills(world, kill_along, fingerprint, reset, kills=2)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_two_hundred_kills_over_five_thousand_blocks_leave_no_trace(world, kill_along, fingerprint, reset):
    await traffic(world, random.Random(20261125), intents=50, blocks=5000)
    await check_kills(world, kill_along, fingerprint, reset, kills=100)


async def test_a_start_from_the_first_block_changes_no_row(world, fingerprint):
    for _ in range(2):
        await world.settle(await world.match())
    async with world.indexing():
        await world.caught_up()
    before = await fingerprint()
    announced = await world.fetch("SELECT seq FROM outbox ORDER BY seq")
    ledger = await world.fetch("SELECT * FROM facts ORDER BY seq")
    async with pool.transaction(world.database) as connection:
        await connection.execute("UPDATE checkpoints SET number = NULL, hash = NULL, timestamp = NULL")
        await connection.execute("DELETE FROM raw_ranges")
    async with world.indexing():
        await world.caught_up()
    assert await fingerprint() == before
    assert await world.fetch("SELECT seq FROM outbox ORDER BY seq") == announced
    assert await world.fetch("SELECT * FROM facts ORDER BY seq") == ledger


async def test_a_rebuild_equals_what_following_produced(world, submit, fingerprint):
    settled, opened, waiting = await world.match(), await world.match(), await world.match()
    await submit(waiting)
    async with world.indexing():
        await world.settle(settled)
        await world.open(opened)
        await world.caught_up()
        await world.reorg(world.origin, 1)
        await world.warp(world.destination, opened.intent.fill_deadline + 1)
        await world.caught_up()
    before = await fingerprint()
    async with pool.transaction(world.database) as connection:
        await connection.execute("TRUNCATE intents, deadlines, solvers")
    assert await rebuild.rebuild(world.database, world.network.rules) == 3
    assert await fingerprint() == before


async def traffic(world, chance, intents, blocks):
    """Intents in every stage, spread over so many blocks of each chain."""
    for number in range(intents):
        match = await world.match()
        await (world.settle(match) if number % 2 else world.open(match))
        for chain_id in world.nodes:
            left = chance.randrange(1, 2 * blocks // intents)
            for mined in range(0, left, MINED_AT_ONCE):
                await world.mine(chain_id, min(MINED_AT_ONCE, left - mined))


async def check_kills(world, kill_along, fingerprint, reset, kills):
    """Index both chains with so many kills of each worker, then once more in peace: the digests are equal."""
    for chain_id in world.nodes:
        await kill_along(chain_id, kills)
    async with world.indexing(**QUICK_LEASE):
        await world.caught_up()
    killed = await fingerprint()
    await reset()
    async with world.indexing(**QUICK_LEASE):
        await world.caught_up()
    assert await fingerprint() == killed
    assert killed.parts["facts"].rows > 0


@pytest.fixture
def kill_along(world, spawn_worker):
    """`await kill_along(chain_id, kills)`: index up to random heights, each time with a worker that is killed there."""

    async def kill(chain_id, kills):
        head = (await world.nodes[chain_id].header("latest")).number
        for target in sorted(random.Random(chain_id).sample(range(1, head), kills)):
            with spawn_worker(chain_id, batch_blocks=3, batch_blocks_max=3, **QUICK_LEASE) as worker:
                while not await has_indexed(world, chain_id, target):
                    assert worker.poll() is None
                    await asyncio.sleep(0.005)
                worker.kill()

    return kill


async def has_indexed(world, chain_id, number):
    found = await world.checkpoint(chain_id)
    return found is not None and found.number is not None and found.number >= number
