"""Final is what was compared with a node once more when it was final, and nothing that is in doubt."""

import contextlib
import dataclasses

from orbital.chain import rpc
from orbital.indexer import apply
from orbital.observe import metrics
from orbital.storage import chains, intents, pool

FINAL_DEPTH = 64  # two epochs of 32 blocks
QUICK = {"verify_seconds": 0.05, "poll_seconds": 0.05, "retry_seconds": 0.05}
NEVER = {"verify_seconds": 3600.0}


async def test_a_leg_is_final_once_its_block_is_verified(world, wait_until):
    match = await world.match()
    await world.open(match)
    await world.mine(world.origin, FINAL_DEPTH)
    async with world.indexing(world.origin, **NEVER):
        await world.caught_up(world.origin)
    assert await finality(world, match) == "safe"
    async with world.indexing(world.origin, **QUICK):
        await wait_until(lambda: is_verified(world))
    assert await finality(world, match) == "finalized"


async def test_final_blocks_are_compared_as_many_at_once_as_hold_a_step_of_facts(world, wait_until, monkeypatch):
    await world.open(await world.match())
    await world.mine(world.origin, 10 * FINAL_DEPTH)
    compared = []

    async def note(database, lease, chain_id, number, hash_):
        compared.append(number)
        return await verified(database, lease, chain_id, number, hash_)

    verified = apply.apply_verified
    async with world.indexing(world.origin, **NEVER):
        await world.caught_up(world.origin)
    rows = await world.fetch("SELECT block_number FROM facts WHERE log_index IS NOT NULL ORDER BY block_number")
    final = (await world.checkpoint(world.origin)).heads.finalized
    monkeypatch.setattr(apply, "apply_verified", note)
    async with world.indexing(world.origin, **QUICK, batch_logs=1, verify_blocks=10_000):
        await wait_until(lambda: is_verified(world))
    expected, blocks = [], [row["block_number"] for row in rows]
    while len(blocks) > 1:  # up to the block of the second fact, with whatever else is in it
        expected.append(blocks[1])
        blocks = [one for one in blocks if one > expected[-1]]
    assert compared == [*expected, final]
    assert len(expected) > 1


async def test_what_was_left_out_is_found_and_read_anew(world, wait_until, fingerprint):
    match = await world.match()
    await world.open(match)
    await world.mine(world.origin, FINAL_DEPTH)
    async with world.indexing(world.origin, **NEVER):
        await world.caught_up(world.origin)
    whole = await fingerprint()
    await world.fetch("DELETE FROM facts WHERE intent_id = $1", match.intent_id)
    await world.fetch("DELETE FROM intents WHERE intent_id = $1", match.intent_id)
    assert await fingerprint() != whole
    async with world.indexing(world.origin, **QUICK):
        await wait_until(lambda: is_verified(world))
        await world.caught_up(world.origin)
        assert await fingerprint() == whole
    assert await finality(world, match) == "finalized"


async def test_nothing_is_final_while_two_nodes_contradict_each_other(world, anvil_chain, wait_until, fingerprint):
    await world.open(await world.match())
    own, urls = world.sources[world.origin], [world.running[world.origin].rpc_url]
    async with twin(world, anvil_chain) as (url, other), rpc.Rpc([*urls, url], world.origin) as both:
        await other.request("anvil_mine", "0x1", "0x2")  # another history from here on
        await other.request("anvil_mine", hex(FINAL_DEPTH + 1))
        await world.mine(world.origin, FINAL_DEPTH + 2)
        world.sources[world.origin] = both, []
        async with world.indexing(world.origin, **QUICK):
            await world.caught_up(world.origin)
            before, seen = await fingerprint(), mismatches(world)
            await wait_until(lambda: has_looked(world, seen + 5))
            found = await world.checkpoint(world.origin)
            assert (found.verified, found.dispute.code) == (None, "nodes_disagree")
            assert await fingerprint() == before
        world.sources[world.origin] = own
        async with world.indexing(world.origin, **QUICK):
            await wait_until(lambda: is_verified(world))
    assert await fingerprint() == before
    assert await world.fetch("SELECT 1 FROM outbox WHERE event = 'FactReverted'") == []


async def test_a_tag_that_goes_back_reads_zero_or_is_above_the_head_is_not_believed(world):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    for safe, final in ((9, 7), (5, 3), (0, 0), (None, None), (1000, 1000)):
        async with pool.transaction(world.database) as connection:
            await chains.put_heads(connection, world.origin, chains.Heads(10, 1, safe, final))
        heads = (await world.checkpoint(world.origin)).heads
        assert (heads.safe, heads.finalized) == (9, 7)


async def test_depth_makes_final_where_it_is_configured(world, wait_until):
    chain = dataclasses.replace(world.network.chains[world.origin], confirmations=3)
    world.network = dataclasses.replace(world.network, chains={**world.network.chains, world.origin: chain})
    head = await world.nodes[world.origin].header("latest")
    async with world.indexing(world.origin, **QUICK):
        await wait_until(lambda: is_verified_to(world, head.number - 3))


async def is_verified_to(world, number):
    found = await world.checkpoint(world.origin)
    return found is not None and found.verified == number


async def is_verified(world):
    found = await world.checkpoint(world.origin)
    tag = await world.nodes[world.origin].header("finalized")
    return found is not None and found.verified == tag.number > 0


async def finality(world, match):
    async with pool.acquire(world.database) as connection:
        view = await intents.find(connection, match.intent_id)
    return view.legs["open"].finality.value


def mismatches(world):
    name = f'orbital_indexer_mismatches_total{{chain_id="{world.origin}"}} '
    return sum(float(line[len(name) :]) for line in metrics.render().decode().splitlines() if line.startswith(name))


async def has_looked(world, times):
    return mismatches(world) >= times


@contextlib.asynccontextmanager
async def twin(world, anvil_chain):
    """A second node that has all blocks of the origin so far, and goes its own way from there."""
    running = anvil_chain(int(world.origin), slots_in_an_epoch=32)
    async with rpc.Rpc([running.rpc_url], world.origin) as other:
        await other.request("anvil_loadState", await world.nodes[world.origin].request("anvil_dumpState"))
        yield running.rpc_url, other
