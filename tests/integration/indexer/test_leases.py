"""One worker a chain writes; one that lost the chain can't."""

import pathlib
import signal

import pytest

from orbital.domain.errors import Conflict
from orbital.indexer import apply, fetch, loop, match, prepare
from orbital.storage import chains, intents, leases, pool

QUICK = {"lease_seconds": 0.5, "renew_seconds": 0.1, "retry_seconds": 0.05}


async def test_of_two_workers_one_writes(world):
    async with world.indexing(world.origin, world.origin):
        for _ in range(5):
            await world.mine(world.origin)
            await world.caught_up(world.origin)
        assert await epoch(world) == 1


async def test_a_lost_lease_writes_nothing(world, fingerprint):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    before = await fingerprint()
    name = loop.lease_name(world.origin)
    async with pool.acquire(world.database) as connection:
        old = await leases.acquire(connection, name, "old", -1.0)
        new = await leases.acquire(connection, name, "new", 60.0)
    await world.mine(world.origin)
    node = world.nodes[world.origin]
    latest = await node.header("latest")
    heads = chains.Heads(latest.number, latest.timestamp, None, None)
    for lease, outcome in ((old, pytest.raises(Conflict, match="lease_lost")), (new, None)):
        fetched, rules = fetch.Fetched((latest,), (), 1), world.network.rules
        prepared = await prepare.prepare(fetched, world.origin, match.sources_of(world.network, world.origin), rules)
        arguments = (world.database, lease, world.origin, prepared, heads, rules)
        if outcome is not None:
            with outcome:
                await apply.apply_blocks(*arguments)
            assert await fingerprint() == before
        else:
            await apply.apply_blocks(*arguments)
            assert await fingerprint() != before


async def test_a_leader_that_was_stopped_finds_itself_replaced(
    world, spawn_worker, tmp_path, wait_until, fingerprint, reset
):
    with spawn_worker(world.origin, **QUICK) as paused:
        await world.caught_up(world.origin)
        paused.send_signal(signal.SIGSTOP)
        async with world.indexing(world.origin, **QUICK):
            await world.settle(await world.match())
            await world.caught_up(world.origin)
            assert await epoch(world) == 2
            paused.send_signal(signal.SIGCONT)
            await wait_until(lambda: says(tmp_path / "worker.log", "lease lost"))
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
