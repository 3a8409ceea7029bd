"""What a worker lives through: nodes and connections that go away, nodes that tell of other chains."""

import asyncio
import time

import pytest

from orbital.chain import rpc
from orbital.devnet import ports

ROW = "SELECT status, detail, number, xmin::text AS version FROM checkpoints WHERE chain_id = $1"


class Gate:
    """A relay of bytes to a node; while it is shut every connection ends at once."""

    def __init__(self, port: int, relay_bytes) -> None:
        self.port, self.is_open, self.refused = port, True, 0
        self._relay = relay_bytes
        self._writers: set[asyncio.StreamWriter] = set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_open:
            self.refused += 1
            writer.close()
            return
        inner_reader, inner_writer = await asyncio.open_connection(ports.LOOPBACK, self.port)
        self._writers |= {writer, inner_writer}
        await self._relay((reader, writer), (inner_reader, inner_writer))

    def shut(self) -> None:
        self.is_open = False
        for writer in self._writers:
            writer.close()
        self._writers.clear()


@pytest.fixture
async def gate(world, relay_bytes):
    """Between the origin and its worker."""
    gate = Gate(world.running[world.origin].port, relay_bytes)
    server = await asyncio.start_server(gate.connect, ports.LOOPBACK, 0)
    address = f"{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    async with rpc.Rpc([f"http://{address}"], world.origin) as node:
        world.sources[world.origin] = node, [f"ws://{address}"]
        yield gate
    gate.shut()
    server.close()


async def test_a_node_that_is_away_is_reported_once_and_followed_again(world, gate, wait_until):
    match = await world.match()
    async with world.indexing(retry_seconds=0.02):
        await world.caught_up()
        gate.shut()
        await wait_until(lambda: has_status(world, "unreachable"))
        before = await row(world)
        assert "No node of chain 31337 answers" in before["detail"]
        refused = gate.refused
        await wait_until(lambda: is_above(lambda: gate.refused, refused + 6))
        assert await row(world) == before
        await world.mine(world.destination)
        await world.caught_up(world.destination)
        await world.open(match)
        gate.is_open = True
        await world.caught_up()
        await wait_until(lambda: has_status(world, "ok"))
    assert await world.status(match) == "opened"


class Holed(rpc.Rpc):
    """A node that knows its head and not one of the blocks below it, like one whose reorg went wrong."""

    hole: int | None = None

    async def headers(self, numbers):
        return [one if one is None or one.number != self.hole else None for one in await super().headers(numbers)]


async def test_a_node_whose_blocks_never_fit_is_unreachable_until_they_do(world, wait_until):
    await world.mine(world.origin, 3)
    node = world.running[world.origin]
    async with Holed([f"http://{ports.LOOPBACK}:{node.port}"], world.origin) as holed:
        head = await holed.header("latest")
        holed.hole = head.number - 1
        world.sources[world.origin] = holed, []
        async with world.indexing(world.origin, retry_seconds=0.02):
            await wait_until(lambda: world.checkpoint(world.origin))
            await wait_until(lambda: has_status(world, "unreachable"))
            assert "don't fit" in (await row(world))["detail"]
            holed.hole = None
            await world.caught_up(world.origin)
            await wait_until(lambda: has_status(world, "ok"))


async def test_without_announcements_the_node_is_asked(world):
    world.sources[world.origin] = world.nodes[world.origin], []
    async with world.indexing(world.origin, poll_seconds=0.02, watchdog_seconds=3600):
        for _ in range(3):
            await world.mine(world.origin)
            await world.caught_up(world.origin)


async def test_lost_announcements_are_made_up_for_by_asking(world):
    world.sources[world.origin] = world.nodes[world.origin], [f"ws://{ports.LOOPBACK}:{ports.find_free_port()}"]
    async with world.indexing(world.origin, poll_seconds=0.02, watchdog_seconds=3600):
        await world.mine(world.origin)
        await world.caught_up(world.origin)


async def test_a_node_of_another_chain_is_refused(world, fingerprint, wait_until):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    before = await fingerprint()
    async with rpc.Rpc([world.running[world.destination].rpc_url], world.origin) as wrong:
        world.sources[world.origin] = wrong, []
        async with world.indexing(world.origin):
            await wait_until(lambda: has_status(world, "stopped"))
    assert "a node of chain 31338, not of 31337" in (await row(world))["detail"]
    assert await fingerprint() == before


async def test_another_chain_with_the_same_id_is_refused(world, anvil_chain, fingerprint, wait_until):
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    before = await fingerprint()
    (genesis,) = await world.nodes[world.origin].headers(range(1))
    await wait_until(lambda: is_past(genesis.timestamp))
    twin = anvil_chain(int(world.origin))
    async with rpc.Rpc([twin.rpc_url], world.origin) as wrong:
        world.sources[world.origin] = wrong, [twin.ws_url]
        async with world.indexing(world.origin):
            await wait_until(lambda: has_status(world, "stopped"))
    assert (await row(world))["detail"] == "The database followed another chain with id 31337."
    assert await fingerprint() == before


async def test_a_reorg_of_final_blocks_stops_that_chain_alone(world, anvil_chain, fingerprint, wait_until):
    hasty = anvil_chain(int(world.origin), slots_in_an_epoch=1)  # what is two blocks old is final
    async with rpc.Rpc([hasty.rpc_url], world.origin) as node:
        await node.request("anvil_loadState", await world.nodes[world.origin].request("anvil_dumpState"))
        world.sources[world.origin] = node, [hasty.ws_url]
        async with world.indexing(stopped_retry_seconds=0.05):
            await node.request("anvil_mine", "0x8")
            await world.caught_up()
            before = await fingerprint()
            await node.request("anvil_reorg", 5, [])
            await wait_until(lambda: has_status(world, "stopped"))
            assert "was final" in (await row(world))["detail"]
            assert await fingerprint() == before
            await node.request("anvil_mine", "0x3")
            await world.mine(world.destination)
            await world.caught_up(world.destination)
            after = await fingerprint()
            assert after.parts["facts"] == before.parts["facts"]
            assert (await row(world))["status"] == "stopped"
            destination = await world.checkpoint(world.destination)
            assert destination.status == "ok"


async def test_cut_connections_to_the_database_are_lived_through(world):
    async with world.indexing(retry_seconds=0.05):
        await world.caught_up()
        await world.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await world.settle(await world.match())
        await world.caught_up()
    names = await world.fetch("SELECT name FROM canonical_facts WHERE name LIKE 'Intent%' ORDER BY name")
    assert [one["name"] for one in names] == ["IntentFilled", "IntentOpened", "IntentSettled"]


async def row(world):
    return (await world.fetch(ROW, int(world.origin)))[0]


async def is_past(timestamp):
    """Whether a chain that starts now has another first block: of anvil's only the time and the chain id differ."""
    return time.time() >= timestamp + 1


async def has_status(world, status):
    return (await row(world))["status"] == status


async def is_above(count, number):
    return count() > number
