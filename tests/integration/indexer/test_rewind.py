"""An operator takes a chain back, whoever is at work on it; what the node has now is followed from there."""

import pytest

from orbital.chain import rpc
from orbital.domain.errors import NotFound, Rejected
from orbital.domain.types import BlockNumber, ChainId
from orbital.storage import rewind

QUICK = {"retry_seconds": 0.05, "stopped_retry_seconds": 0.05, "verify_seconds": 0.05}


async def test_it_is_the_way_out_of_a_stopped_chain(world, anvil_chain, wait_until, fingerprint, reset):
    hasty = anvil_chain(int(world.origin), slots_in_an_epoch=1)  # what is two blocks old is final
    async with rpc.Rpc([hasty.rpc_url], world.origin) as node:
        await world.open(await world.match())
        await node.request("anvil_loadState", await world.nodes[world.origin].request("anvil_dumpState"))
        world.sources[world.origin] = node, [hasty.ws_url]
        async with world.indexing(**QUICK):
            await node.request("anvil_mine", "0x8")
            await world.caught_up()
            await node.request("anvil_reorg", 5, [])
            await wait_until(lambda: has_status(world, "stopped"))
            stopped = await world.checkpoint(world.origin)
            assert stopped.detail.endswith(f"orbital rewind --chain {world.origin} --to {stopped.number - 5}")
            await go_back(world, stopped.number - 5)
            await world.caught_up()
            await wait_until(lambda: has_status(world, "ok"))
        healed = await fingerprint()
        await reset()
        async with world.indexing(**QUICK):
            await world.caught_up()
    assert await fingerprint() == healed


async def test_a_running_worker_goes_on_from_there(world, fingerprint, wait_until):
    """To before the start, a fact at a time, while the worker follows."""
    async with world.indexing(world.origin, **QUICK):
        for _ in range(3):
            await world.open(await world.match())
        await world.caught_up(world.origin)
        before = await fingerprint()
        done = await go_back(world, None, facts_a_step=1)
        assert done.end is None
        await world.caught_up(world.origin)
        assert await fingerprint() == before
    counts = await world.fetch("SELECT event, count(*) AS times FROM outbox WHERE event LIKE 'Fact%' GROUP BY event")
    assert {row["event"]: row["times"] for row in counts} == {"FactReverted": done.facts, "FactRevived": done.facts}


async def test_where_nothing_was_final_nothing_is_afterwards(world):
    """So a reorg of what stayed is followed like any other."""
    async with world.indexing(world.origin, **QUICK):
        await world.open(await world.match())
        await world.caught_up(world.origin)
        before = await world.checkpoint(world.origin)
        assert before.heads.finalized is None
        await go_back(world, before.number - 1)
        await world.caught_up(world.origin)
        await world.reorg(world.origin, 3)
        await world.caught_up(world.origin)
        after = await world.checkpoint(world.origin)
    assert (after.status, after.heads.finalized) == ("ok", None)


async def test_what_makes_no_sense_is_refused_and_disturbs_nobody(world, fingerprint):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
        before = await fingerprint()
        checkpoint = await world.checkpoint(world.origin)
        with pytest.raises(Rejected, match="above_checkpoint"):
            await go_back(world, checkpoint.number + 1)
        with pytest.raises(Rejected, match="below_start"):
            await go_back(world, checkpoint.start_block - 1)
        with pytest.raises(NotFound, match="nothing_indexed"):
            await rewind.rewind(world.database, ChainId(5), BlockNumber(0), world.network.rules)
        assert await fingerprint() == before
        assert await world.fetch("SELECT epoch FROM leases") == [{"epoch": 1}]


async def go_back(world, to, **changes):
    return await rewind.rewind(world.database, world.origin, to, world.network.rules, **changes)


async def has_status(world, status):
    found = await world.checkpoint(world.origin)
    return found is not None and found.status == status
