"""However deep a reorg above what is final, it heals, every fact that it took is announced, and no trace is left."""

import pytest

DEEPEST = 256


@pytest.fixture
def slots_in_an_epoch() -> int:
    return DEEPEST


async def test_a_reorg_of_256_blocks_heals(world, fingerprint, reset):
    await reorg_and_compare(world, DEEPEST, fingerprint, reset)


@pytest.mark.soak
@pytest.mark.parametrize("depth", range(1, DEEPEST, 5))
async def test_reorgs_of_every_depth_heal(world, fingerprint, reset, depth):
    """Each on chains of its own: a local chain remembers too few past states for all of them."""
    await reorg_and_compare(world, depth, fingerprint, reset)


async def reorg_and_compare(world, depth, fingerprint, reset):
    """Every fact of a replaced block is announced as fallen, and the digest is that of an index made afterwards."""
    await world.mine(world.origin, DEEPEST)
    async with world.indexing():
        dropped = await world.match()
        await world.open(dropped)
        await world.mine(world.origin, depth - 1)
        await world.caught_up(world.origin)
        assert await world.status(dropped) == "opened"
        head = (await world.checkpoint(world.origin)).number
        fallen = await list_facts(world, head - depth)
        await world.reorg(world.origin, depth)
        await world.caught_up(world.origin)
        assert await world.status(dropped) is None
        said = await world.fetch("SELECT (data ->> 'seq')::bigint AS seq FROM outbox WHERE event = 'FactReverted'")
        assert sorted(row["seq"] for row in said) == fallen != []
        await world.settle(await world.match())
        await world.caught_up()
    healed = await fingerprint()
    await reset()
    async with world.indexing():
        await world.caught_up()
    assert await fingerprint() == healed


async def list_facts(world, above):
    query = "SELECT seq FROM canonical_facts WHERE chain_id = $1 AND block_number > $2 ORDER BY seq"
    return [row["seq"] for row in await world.fetch(query, int(world.origin), above)]
