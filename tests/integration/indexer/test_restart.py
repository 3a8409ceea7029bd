"""Whatever kills a worker, the next one goes on: nothing is indexed twice, nothing is left out."""

import asyncio
import contextlib
import random

import pytest

from orbital.indexer import loop
from orbital.storage import pool, rebuild

QUICK_LEASE = {"lease_seconds": 0.4, "renew_seconds": 0.1, "retry_seconds": 0.05, "verify_seconds": 0.05}
SMALL_STEPS = {"batch_blocks": 3, "batch_blocks_max": 3}
MINED_AT_ONCE = 25  # a busy machine mines more of them longer than a node may take to answer
KILL_WITHIN_SECONDS = 0.5
ONE_REORG_IN = 5
DEPTH_MAX = 6  # a local chain that has grown this long forgets its contracts when it goes back much further
LEADER = "SELECT epoch, holder FROM leases WHERE name = $1 AND epoch > $2 AND expires_at > now()"


async def test_kills_at_random_points_leave_no_trace(world, workers, fingerprint, reset):
    await check_kills(world, workers, fingerprint, reset, random.Random(20261124), kills=4, waiting=0, blocks=200)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_two_hundred_kills_over_five_thousand_blocks_leave_no_trace(world, workers, fingerprint, reset):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)  # shown when it fails
    await check_kills(world, workers, fingerprint, reset, random.Random(seed), kills=200, waiting=1, blocks=5_000)


async def check_kills(world, workers, fingerprint, reset, chance, kills, waiting, blocks):
    """Half of the kills while so many blocks of each chain are mined and followed, half while they are caught up with.

    Both end like a run that nothing interrupted, and the next start from the first block finds nothing new.
    """
    await asyncio.gather(*(world.mine(chain_id, MINED_AT_ONCE) for chain_id in world.nodes))
    async with workers(waiting) as followers:
        await kill_while_it_grows(world, followers, chance, kills // 2, blocks)
    followed = await finish(world, fingerprint)
    await reset()
    async with workers(waiting, **SMALL_STEPS) as readers:
        at_heights = (kill_at_heights(world, readers, chain_id, chance, kills // 4) for chain_id in world.nodes)
        await asyncio.gather(*at_heights)
    caught_up = await finish(world, fingerprint)
    await reset()
    assert await finish(world, fingerprint) == followed == caught_up
    assert followed.parts["facts"].rows > 0
    await check_another_start(world, fingerprint)


async def finish(world, fingerprint):
    """Index what is left, in peace."""
    async with world.indexing(**QUICK_LEASE):
        await world.caught_up()
    return await fingerprint()


async def kill_while_it_grows(world, followers, chance, kills, blocks):
    for number in range(kills):
        growing = asyncio.create_task(grow(world, random.Random(chance.random()), blocks // kills, number % 2 == 0))
        victim = chance.choice(sorted(world.nodes))
        await followers.leader(victim)
        await asyncio.sleep(chance.uniform(0, KILL_WITHIN_SECONDS))
        await followers.kill_leader(victim)
        await growing


async def grow(world, chance, blocks, is_with_intent):
    """An intent in any stage, which a reorg takes now and then, and so many blocks of each chain."""
    if is_with_intent:
        await chance.choice([world.settle, world.open])(await world.match())
    if chance.randrange(ONE_REORG_IN) == 0:
        await world.reorg(chance.choice(sorted(world.nodes)), chance.randint(1, DEPTH_MAX))
    for chain_id in world.nodes:
        for mined in range(0, blocks, MINED_AT_ONCE):
            await world.mine(chain_id, min(MINED_AT_ONCE, blocks - mined))


async def kill_at_heights(world, readers, chain_id, chance, kills):
    head = (await world.nodes[chain_id].header("latest")).number
    for target in sorted(chance.sample(range(1, head), kills)):
        await readers.leader(chain_id)
        while not await has_indexed(world, chain_id, target):  # noqa: ASYNC110 - it is another process that does it
            await asyncio.sleep(0.005)
        await readers.kill_leader(chain_id)


async def check_another_start(world, fingerprint):
    """Indexing from the first block once more changes no row and announces nothing."""
    before = await fingerprint()
    announced = await world.fetch("SELECT seq FROM outbox ORDER BY seq")
    ledger = await world.fetch("SELECT * FROM facts ORDER BY seq")
    async with pool.transaction(world.database) as connection:
        await connection.execute("DELETE FROM checkpoints")
        await connection.execute("DELETE FROM raw_ranges")
    async with world.indexing():
        await world.caught_up()
    assert await fingerprint() == before
    assert await world.fetch("SELECT seq FROM outbox ORDER BY seq") == announced
    assert await world.fetch("SELECT * FROM facts ORDER BY seq") == ledger


async def test_a_start_from_the_first_block_changes_no_row(world, fingerprint):
    for _ in range(2):
        await world.settle(await world.match())
    async with world.indexing():
        await world.caught_up()
    await check_another_start(world, fingerprint)


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


class Workers:
    """Workers of both chains, started as they are needed: of each chain one to lead and `waiting` to take over."""

    def __init__(self, world, spawn, waiting) -> None:
        self._world, self._spawn, self._waiting = world, spawn, waiting
        self._running = {chain_id: {} for chain_id in world.nodes}
        self._killed = dict.fromkeys(world.nodes, 0)

    async def leader(self, chain_id):
        """Wait until one leads that was not killed yet; returns its epoch and pid."""
        running = self._running[chain_id]
        while len(running) <= self._waiting:
            worker = self._spawn(chain_id)
            running[worker.pid] = worker
        while True:
            for row in await self._world.fetch(LEADER, loop.lease_name(chain_id), self._killed[chain_id]):
                return row["epoch"], int(row["holder"].split(":")[1])
            assert self.ended() == []
            await asyncio.sleep(0.005)

    async def kill_leader(self, chain_id):
        self._killed[chain_id], pid = await self.leader(chain_id)
        self._running[chain_id].pop(pid).kill()

    def ended(self):
        """Those that ended by themselves."""
        return [one for running in self._running.values() for one in running.values() if not one.is_running]


@pytest.fixture
def workers(world, spawn_worker):
    """`async with workers(waiting=1, **settings) as running`: by themselves they never end."""

    @contextlib.asynccontextmanager
    async def start(waiting, **changes):
        with contextlib.ExitStack() as stack:
            running = Workers(
                world, lambda one: stack.enter_context(spawn_worker(one, **QUICK_LEASE, **changes)), waiting
            )
            yield running
            assert running.ended() == []

    return start


async def has_indexed(world, chain_id, number):
    found = await world.checkpoint(chain_id)
    return found is not None and found.number is not None and found.number >= number
