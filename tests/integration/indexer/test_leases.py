"""One worker a chain writes; one that lost the chain can't."""

import inspect
import pathlib
import signal

import pytest

from orbital.domain.errors import Conflict
from orbital.domain.types import UnixSeconds
from orbital.indexer import apply, fetch, loop, match, prepare
from orbital.storage import chains, intents, leases, pool

QUICK = {"lease_seconds": 0.5, "renew_seconds": 0.1, "retry_seconds": 0.05}
LASTING = QUICK | {"lease_seconds": 600.0}  # nobody else gets it while its holder lives, however slow that is
SILENT = QUICK | {"lease_seconds": 10.0}  # ends the session of a holder that stood still in a statement after as long


async def test_of_two_workers_one_writes(world):
    async with world.indexing(world.origin, world.origin, **LASTING):
        for _ in range(5):
            await world.mine(world.origin)
            await world.caught_up(world.origin)
        assert await epoch(world) == 1


async def test_a_lost_lease_writes_nothing(world, submit):
    """Whatever a leader may write, with the lease that it had: every table stays as it was."""
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    await submit(await world.match(open_deadline=UnixSeconds(1)))
    await world.mine(world.origin)
    name = loop.lease_name(world.origin)
    async with pool.acquire(world.database) as connection:
        old = await leases.acquire(connection, name, "old", -1.0)
        new = await leases.acquire(connection, name, "new", 60.0)
    before = await tables(world)
    for write in await writes(world):
        with pytest.raises(Conflict, match="lease_lost"):
            await write(old)
        assert await tables(world) == before
    for write in await writes(world):
        await write(new)
    assert await tables(world) != before


async def writes(world):
    """All that a leader writes, each as a function of its lease, in an order in which they succeed."""
    node, chain_id, rules = world.nodes[world.origin], world.origin, world.network.rules
    stored, latest = await world.checkpoint(chain_id), await node.header("latest")
    heads = chains.Heads(latest.number, latest.timestamp, None, None)
    sources = match.sources_of(world.network, chain_id)
    prepared = await prepare.prepare(fetch.Fetched((latest,), (), 1), chain_id, sources, rules)
    arguments = {
        apply.bind: (stored.genesis_hash, stored.start_block),
        apply.apply_blocks: (prepared, heads, rules),
        apply.apply_heads: (heads,),
        apply.apply_deadlines: (latest.timestamp, rules),
        apply.apply_verified: (stored.number, stored.hash),
        apply.put_dispute: (chains.Dispute("differs", stored.number, "They differ."),),
        apply.put_status: ("stopped", "So it is."),
        apply.apply_rollback: (stored.number, rules),
    }
    public = {one for name, one in inspect.getmembers(apply, inspect.iscoroutinefunction) if not name.startswith("_")}
    assert set(arguments) == public
    return [
        lambda lease, one=one, more=more: one(world.database, lease, chain_id, *more) for one, more in arguments.items()
    ]


async def tables(world):
    """A digest of every row of every table."""
    names = await world.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    query = "SELECT md5(string_agg(row::text, ' ' ORDER BY row::text)) FROM {} AS row"
    return {row["tablename"]: await world.fetch(query.format(row["tablename"])) for row in names}


async def test_a_leader_that_was_stopped_finds_itself_replaced(
    world, spawn_worker, tmp_path, wait_until, fingerprint, reset
):
    with spawn_worker(world.origin, **QUICK) as paused:
        await world.caught_up(world.origin)
        paused.send_signal(signal.SIGSTOP)
        async with world.indexing(world.origin, **SILENT):
            await world.settle(await world.match())
            await world.caught_up(world.origin)
            assert await epoch(world) == 2
            paused.send_signal(signal.SIGCONT)
            await wait_until(lambda: says(tmp_path / "worker.log", "lease_lost"))
            await world.mine(world.origin)
            await world.caught_up(world.origin)
            assert await epoch(world) == 2
        assert paused.is_running
    after = await fingerprint()
    await reset()
    async with world.indexing(world.origin, **QUICK):
        await world.caught_up(world.origin)
    assert await fingerprint() == after


async def test_a_chain_that_nobody_follows_now_holds_its_intents_up(world):
    match = await world.match()
    await world.open(match)
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
        assert await stalled(world, match) == ((), "ok")
    assert await stalled(world, match) == ((world.origin,), "unreachable")
    async with pool.acquire(world.database) as connection:
        await leases.acquire(connection, loop.lease_name(world.origin), "elected", 60.0)
    assert await stalled(world, match) == ((world.origin,), "unreachable")  # its new leader has not looked yet
    heads = (await world.checkpoint(world.origin)).heads
    async with pool.acquire(world.database) as connection:
        await chains.put_heads(connection, world.origin, heads)
    assert await stalled(world, match) == ((), "ok")


async def stalled(world, match):
    """The chains that hold an intent up, and what readers see of its origin."""
    async with pool.acquire(world.database) as connection:
        view = await intents.find(connection, match.intent_id)
        seen = {one.chain_id: one.status for one in await chains.list_checkpoints(connection)}
    return view.stalled_chains, seen[world.origin]


async def epoch(world):
    (row,) = await world.fetch("SELECT epoch FROM leases WHERE name = $1", loop.lease_name(world.origin))
    return row["epoch"]


async def says(path: pathlib.Path, words: str) -> bool:
    return words in path.read_text()  # noqa: ASYNC240 - a small local file
