"""A reorg is healed: what it dropped no longer counts, what it brought does, and what returns counts again."""

import pytest

from orbital.chain import registry, rpc
from orbital.observe import metrics
from orbital.storage import solvers


@pytest.mark.parametrize("depth", [1, 2, 3, 5, 10])
async def test_facts_of_replaced_blocks_do_not_count(world, depth):
    before, dropped = await world.match(), await world.match()
    async with world.indexing():
        await world.settle(before)
        await world.open(dropped)
        await world.mine(world.origin, depth - 1)
        await world.caught_up()
        assert await world.status(dropped) == "opened"
        await world.reorg(world.origin, depth)
        await world.caught_up()
    assert await world.status(before) == "settled"
    assert await world.names(dropped) == []
    assert await world.status(dropped) is None
    assert await world.fetch("SELECT name FROM facts WHERE intent_id = $1", dropped.intent_id) == [
        {"name": "IntentOpened"}
    ]
    blocks = await world.fetch("SELECT count(*) FROM blocks WHERE chain_id = $1 AND NOT canonical", int(world.origin))
    assert blocks[0]["count"] == depth


async def test_the_same_intent_opened_again_after_a_reorg_is_open(world):
    match = await world.match()
    async with world.indexing(world.origin):
        await world.open(match)
        await world.caught_up(world.origin)
        await world.reorg(world.origin, 1)
        await world.caught_up(world.origin)
        assert await world.status(match) is None
        await world.open(match)
        await world.caught_up(world.origin)
    assert await world.status(match) == "opened"
    assert await world.names(match) == ["IntentOpened"]


async def test_a_reorg_while_nobody_indexed_is_found_at_the_next_start(world):
    match = await world.match()
    await world.open(match)
    await world.mine(world.origin, 3)
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    await world.reorg(world.origin, 4)
    await world.mine(world.origin, 20)
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    assert await world.status(match) is None


async def test_every_fallen_fact_is_announced(world):
    match = await world.match()
    async with world.indexing(world.origin):
        receipt = await world.open(match)
        await world.caught_up(world.origin)
        await world.reorg(world.origin, 1)
        await world.caught_up(world.origin)
    said = [row["data"] for row in await world.fetch("SELECT data FROM outbox WHERE event = 'FactReverted'")]
    assert [(one["name"], one["status"]) for one in said] == [("IntentOpened", None)]
    assert receipt.succeeded


async def test_a_bond_falls_with_its_block(world):
    async with world.indexing(world.origin):
        wallet = world.wallet(world.origin, world.solver)
        await wallet.transact(world.network.registry, registry.register(), 10**18)
        await wallet.transact(world.network.registry, registry.deposit(), 10**18)
        await world.caught_up(world.origin)
        await world.reorg(world.origin, 1)
        await world.caught_up(world.origin)
    async with world.database.driver.acquire() as connection:
        found = await solvers.find(connection, world.solver.address)
    assert found.bond_wei == 10**18


async def test_a_block_that_returns_brings_its_facts_back(world, anvil_chain, fingerprint):
    match = await world.match()
    twin = anvil_chain(int(world.origin), slots_in_an_epoch=32)
    async with rpc.Rpc([twin.rpc_url], world.origin) as other:
        await other.request("anvil_loadState", await world.nodes[world.origin].request("anvil_dumpState"))
        await world.settle(match)
        await other.request("anvil_mine", "0x5")
        async with world.indexing():
            await world.caught_up()
        settled = await fingerprint()
        ours = world.sources[world.origin]
        world.sources[world.origin] = other, [twin.ws_url]
        async with world.indexing():
            await world.caught_up()
        assert await world.names(match) == ["IntentFilled"]
        world.sources[world.origin] = ours
        await world.mine(world.origin, 5)
        async with world.indexing():
            await world.caught_up()
    assert await world.status(match) == "settled"
    assert await world.names(match) == ["IntentFilled", "IntentOpened", "IntentSettled"]
    again = await fingerprint()
    assert again.parts["intents"] == settled.parts["intents"]
    assert again.parts["facts"] == settled.parts["facts"]


async def test_a_lower_head_alone_changes_nothing(world, anvil_chain, fingerprint, wait_until):
    """A node that lags behind the one that was asked before."""
    match = await world.match()
    twin = anvil_chain(int(world.origin), slots_in_an_epoch=32)
    async with rpc.Rpc([twin.rpc_url], world.origin) as other:
        await other.request("anvil_loadState", await world.nodes[world.origin].request("anvil_dumpState"))
        await world.open(match)
        async with world.indexing(world.origin):
            await world.caught_up(world.origin)
        before = await fingerprint()
        world.sources[world.origin] = other, [twin.ws_url]
        lower = (await other.header("latest")).number
        async with world.indexing(world.origin):
            await wait_until(lambda: shows_head(world.origin, lower))
    assert await fingerprint() == before
    assert await fingerprint() == before


async def shows_head(chain_id, number):
    return f'orbital_indexer_head_block{{chain_id="{chain_id}"}} {float(number)}\n' in metrics.render().decode()
