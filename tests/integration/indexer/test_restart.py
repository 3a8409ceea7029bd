"""Whatever kills a worker, the next one goes on: nothing is indexed twice, nothing is left out."""

import random

from orbital.storage import pool, rebuild

QUICK_LEASE = {"lease_seconds": 0.4, "renew_seconds": 0.1, "retry_seconds": 0.05}


async def test_kills_at_random_points_leave_no_trace(world, spawn_worker, fingerprint, reset, wait_until):
    chance = random.Random(20261124)
    for number in range(8):
        match = await world.match()
        await (world.settle(match) if number % 2 else world.open(match))
        await world.mine(world.origin, chance.randrange(4))
    heads = {chain_id: (await node.header("latest")).number for chain_id, node in world.nodes.items()}
    for chain_id, head in heads.items():
        for target in sorted(chance.sample(range(1, head), 4)):
            with spawn_worker(chain_id, batch_blocks=1, batch_blocks_max=1, **QUICK_LEASE) as worker:
                await wait_until(lambda one=chain_id, to=target: has_indexed(world, one, to))
                worker.kill()
    async with world.indexing(**QUICK_LEASE):
        await world.caught_up()
    killed = await fingerprint()
    await reset()
    async with world.indexing(**QUICK_LEASE):
        await world.caught_up()
    assert await fingerprint() == killed


async def test_a_start_from_the_first_block_changes_no_row(world, fingerprint):
    for _ in range(2):
        await world.settle(await world.match())
    async with world.indexing():
        await world.caught_up()
    before = await fingerprint()
    announced = await world.fetch("SELECT seq FROM outbox ORDER BY seq")
    async with pool.transaction(world.database) as connection:
        await connection.execute("UPDATE checkpoints SET number = NULL, hash = NULL, timestamp = NULL")
    async with world.indexing():
        await world.caught_up()
    assert await fingerprint() == before
    assert await world.fetch("SELECT seq FROM outbox ORDER BY seq") == announced


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


async def has_indexed(world, chain_id, number):
    found = await world.checkpoint(chain_id)
    return found is not None and found.number is not None and found.number >= number
