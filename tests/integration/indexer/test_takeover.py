"""How a chain goes from one `orbital serve indexer` to the next, with what they do by default.

After a clean end nobody waits for a lease to run out; after kill -9, or while its holder stands still, it runs out.
"""

import asyncio
import json
import re

import httpx
import pytest

from orbital.devnet import ports
from orbital.domain.errors import Unavailable
from orbital.indexer import loop
from orbital.indexer.settings import IndexerSettings
from orbital.storage import leases, pool

CLEAN_SECONDS_MAX, KILLED_SECONDS_MAX = 5, 15
LASTING_LEASES = """
CREATE FUNCTION last_long() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.expires_at > now() THEN NEW.expires_at = now() + interval '1 hour'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER last_long BEFORE INSERT OR UPDATE ON leases FOR EACH ROW EXECUTE FUNCTION last_long();
"""


def test_by_default_nobody_waits_for_longer_than_promised():
    settings = IndexerSettings()
    assert settings.retry_seconds <= CLEAN_SECONDS_MAX
    assert settings.lease_seconds + settings.retry_seconds <= KILLED_SECONDS_MAX
    assert settings.renew_seconds * 2 <= settings.lease_seconds


async def test_a_leader_that_is_asked_to_end_gives_up_a_lease_that_would_last_for_an_hour(
    world, serve_indexer, wait_until, tmp_path
):
    """Who stands by says so and who leads, and shows it; how the chain is only the leader shows."""
    async with pool.acquire(world.database) as connection:
        await connection.execute(LASTING_LEASES)
    with serve_indexer(world.origin) as first:
        await world.caught_up(world.origin)
        port = ports.find_free_port()
        with serve_indexer(world.origin, METRICS_PORT=str(port)):
            await wait_until(lambda: stands_by(tmp_path, f":{first.pid}:"))
            assert await shown(port) == {"leader": 0}
            first.terminate()
            assert await asyncio.to_thread(first.wait) == 0
            await world.mine(world.origin)
            await world.caught_up(world.origin)
            assert await epoch(world) == 2
            assert (await shown(port)).items() > {"leader": 1, "ok": 1}.items()
            async with pool.acquire(world.database) as connection:
                await leases.seize(connection, loop.lease_name(world.origin), "an operator", 60.0)
            await wait_until(lambda: stands_by(tmp_path, "an operator"))
            assert await shown(port) == {"leader": 0}


async def test_a_killed_leader_is_followed_by_another(world, serve_indexer):
    with serve_indexer(world.origin) as killed:
        await world.caught_up(world.origin)
        with serve_indexer(world.origin):
            killed.kill()
            await world.mine(world.origin)
            await world.caught_up(world.origin)
            assert await epoch(world) == 2


@pytest.mark.parametrize("is_copying", [False, True], ids=["between two statements", "within a COPY"])
async def test_a_leader_that_stands_still_in_the_middle_of_a_write_keeps_nobody_out(world, is_copying):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    async with pool.acquire(world.database) as connection:
        lease = await leases.acquire(connection, loop.lease_name(world.origin), "stands still", 0.3)
    holds, goes_on = asyncio.Event(), asyncio.Event()
    standing = asyncio.create_task(write_slowly(world, lease, is_copying, holds, goes_on))
    await holds.wait()
    async with world.indexing(world.origin, lease_seconds=0.3, renew_seconds=0.1, retry_seconds=0.05):
        await world.mine(world.origin)
        await world.caught_up(world.origin)
        assert await epoch(world) == 3
    goes_on.set()
    with pytest.raises(Unavailable):
        await standing
    assert await world.fetch("SELECT 1 FROM outbox WHERE topic = 'late'") == []


async def write_slowly(world, lease, is_copying, holds, goes_on):
    """What the server sees of a leader whose process is stopped in the middle of a write, until it goes on."""

    async def lines():
        holds.set()
        await goes_on.wait()
        yield b"late\tLate\t{}\n"

    async with pool.transaction(world.database) as connection:
        await leases.hold(connection, lease)
        if is_copying:
            await connection.copy_to_table("outbox", source=lines(), columns=["topic", "event", "data"])
        async for _ in lines():
            await connection.execute("INSERT INTO outbox (topic, event, data) VALUES ('late', 'Late', '{}')")


async def stands_by(folder, leader):
    lines = (folder / "indexer.log").read_text().splitlines()
    said = [one for line in lines if line.startswith("{") and (one := json.loads(line))["event"] == "standing_by"]
    return len(said) > 0 and leader in said[-1]["leader"]


async def shown(port):
    """What a process shows of its chain, by name, but for counters and histograms."""
    async with httpx.AsyncClient(trust_env=False) as client:
        text = (await client.get(f"http://{ports.LOOPBACK}:{port}/metrics")).text
    found = re.findall(r"^orbital_indexer_(\w+)\{chain_id=\"\d+\"\} (\S+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found if not name.endswith(("_total", "_created", "_count", "_sum"))}


async def epoch(world):
    (row,) = await world.fetch("SELECT epoch FROM leases WHERE name = $1", loop.lease_name(world.origin))
    return row["epoch"]
