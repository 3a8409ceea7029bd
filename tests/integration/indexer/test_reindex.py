"""What was kept of a chain is enough to index it again into another database, and is the chain's history."""

import pytest

from orbital.domain.errors import Conflict, Corrupt, Rejected
from orbital.domain.types import BlockNumber
from orbital.indexer import loop, raw, reindex
from orbital.storage import chains, digest, leases, pool, rewind
from orbital.storage import raw as raw_ranges
from orbital.storage.settings import StorageSettings


@pytest.fixture
async def other(other_url):
    """A second database."""
    opened = await pool.create_pool(StorageSettings(other_url))
    yield opened
    opened.terminate()


async def digest_of(database):
    async with pool.acquire(database) as connection:
        return await digest.digest(connection)


async def test_a_chain_indexed_again_without_its_node_is_the_same(world, other):
    """Ranges, single blocks and what a reorg left of them; a second run goes on where the first ended."""
    await world.settle(await world.match())
    async with world.indexing(batch_blocks=7):
        await world.caught_up()
        await world.settle(await world.match())
        await world.caught_up()
    await world.mine(world.origin, 12)
    async with world.indexing(batch_blocks=7):
        await world.caught_up()
        await world.reorg(world.origin, 9)
        await world.caught_up()
        for chain_id in world.nodes:
            await reindex.reindex(world.database, other, world.network, chain_id)
        await world.open(await world.match())
        await world.mine(world.origin, 6)
        await world.caught_up()
    for chain_id in world.nodes:
        done = await reindex.reindex(world.database, other, world.network, chain_id)
        assert done.last == (await world.nodes[chain_id].header("latest")).number
    before, after = await digest_of(world.database), await digest_of(other)
    assert {name: part.rows for name, part in after.parts.items()}["facts"] > 0
    same = {name for name in before.parts if before.parts[name] == after.parts[name]}
    # What a reorg orphaned is in the ledger of who saw it, and nowhere else.
    assert set(before.parts) - same <= {"blocks", "facts"}


async def test_without_reorgs_the_whole_digest_is_equal(world, other):
    await world.settle(await world.match())
    async with world.indexing(batch_blocks=5):
        await world.caught_up()
    for chain_id in world.nodes:
        await reindex.reindex(world.database, other, world.network, chain_id)
    assert (await digest_of(other)).total == (await digest_of(world.database)).total


async def test_a_reorg_of_what_was_read_is_told_and_a_rewind_is_the_way_out(world, other):
    await world.mine(world.origin, 6)
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
        read = await reindex.reindex(world.database, other, world.network, world.origin)
        await world.reorg(world.origin, 3)
        await world.open(await world.match())
        await world.caught_up(world.origin)
    with pytest.raises(Corrupt, match=f"orbital rewind --chain {world.origin}"):
        await reindex.reindex(world.database, other, world.network, world.origin)
    await rewind.rewind(other, world.origin, BlockNumber(read.last - 3), world.network.rules)
    await reindex.reindex(world.database, other, world.network, world.origin)
    assert (await digest_of(other)).parts == (await digest_of(world.database)).parts


async def test_a_reorg_of_the_source_while_it_is_read_is_not_seen(world, other, monkeypatch):
    """Between two ranges of one step: what was read of the old history ends with the old history."""
    await world.open(await world.match())
    await world.mine(world.origin, 4)
    find_from, reorgs = raw_ranges.find_from, []
    async with world.indexing(world.origin, batch_blocks=1, batch_blocks_max=1):
        await world.caught_up(world.origin)
        before, head = await digest_of(world.database), await world.checkpoint(world.origin)

        async def reorg_behind(connection, chain_id, number):
            found = await find_from(connection, chain_id, number)
            if found is not None and found.last == head.number - 1:
                await world.reorg(world.origin, 3)
                await world.caught_up(world.origin)
                reorgs.append(await world.checkpoint(world.origin))
            return found

        monkeypatch.setattr(raw_ranges, "find_from", reorg_behind)
        done = await reindex.reindex(world.database, other, world.network, world.origin)
    assert [one.number for one in reorgs] == [head.number]
    assert reorgs[0].hash != head.hash
    assert (done.last, (await digest_of(other)).total) == (head.number, before.total)


async def test_kept_blocks_of_two_histories_are_refused(world, other):
    """As were read from a source that a reorg took back in between."""
    await world.mine(world.origin, 4)
    kept = "SELECT first, blob FROM raw_ranges ORDER BY first DESC LIMIT 1"
    async with world.indexing(world.origin, batch_blocks=1, batch_blocks_max=1):
        await world.caught_up(world.origin)
        (before,) = await world.fetch(kept)
        await world.reorg(world.origin, 3)
        await world.mine(world.origin)
        await world.caught_up(world.origin)
    await world.fetch("UPDATE raw_ranges SET blob = $1 WHERE first = $2", before["blob"], before["first"])
    with pytest.raises(Corrupt, match="raw_range_torn"):
        await reindex.reindex(world.database, other, world.network, world.origin)
    async with pool.acquire(other) as connection:
        assert await connection.fetchval("SELECT count(*) FROM blocks") == 0


async def test_chains_may_be_indexed_again_in_any_order(world, other):
    """A deadline that the later chain set, and the earlier one's blocks pass, is found by a run that reads nothing."""
    match = await world.match()
    async with world.indexing():
        await world.open(match)
        await world.caught_up()
        await world.warp(world.destination, match.intent.fill_deadline + 1)
        await world.caught_up()
    for chain_id in (world.destination, world.origin, world.destination):
        await reindex.reindex(world.database, other, world.network, chain_id)
    assert (await digest_of(other)).parts["deadlines"] == (await digest_of(world.database)).parts["deadlines"]
    assert (await digest_of(other)).total == (await digest_of(world.database)).total


async def test_a_chain_that_an_indexer_follows_is_not_indexed_again(world, other):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    async with pool.acquire(other) as connection:
        await leases.acquire(connection, loop.lease_name(world.origin), "somebody", 60.0)
    with pytest.raises(Conflict, match="lease_held"):
        await reindex.reindex(world.database, other, world.network, world.origin)
    with pytest.raises(Rejected, match="nothing_kept"):
        await reindex.reindex(other, world.database, world.network, world.origin)


async def test_a_gap_and_a_torn_blob_are_refused(world, other):
    async with world.indexing(world.origin, batch_blocks=3, batch_blocks_max=3):
        await world.caught_up(world.origin)
    async with pool.acquire(world.database) as connection:
        second = await raw_ranges.find_from(connection, world.origin, BlockNumber(3))
        await connection.execute("UPDATE raw_ranges SET blob = 'torn' WHERE first = $1", second.first)
        with pytest.raises(Corrupt, match="raw_range_torn"):
            await reindex.reindex(world.database, other, world.network, world.origin)
        await connection.execute("DELETE FROM raw_ranges WHERE first = $1", second.first)
    with pytest.raises(Corrupt, match="raw_range_torn"):
        await reindex.reindex(world.database, other, world.network, world.origin)
    async with pool.acquire(other) as connection:
        found = await chains.find_checkpoint(connection, world.origin)
    assert found.number == second.first - 1
    assert raw.unpack(second).headers[0].number == second.first
