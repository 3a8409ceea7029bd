"""What is signed for or paid out is what most nodes tell, and nothing while they contradict each other."""

import asyncio
import collections.abc
import contextlib
import json
import typing

import pytest

from orbital.chain import keys, rpc, settler
from orbital.chain.adapters import orbital
from orbital.devnet import ports
from orbital.domain.errors import Unavailable
from orbital.domain.types import ChainId
from orbital.solver import relayer, scanner
from orbital.solver.executor import Executor, Step

ORIGIN, CHAIN = ChainId(31337), ChainId(31338)
EVENTS = [event for event in orbital.EVENTS.values() if event.name in relayer.WATCHED_EVENTS]
REFUSAL = {"code": -32000, "message": "header not found"}
Lie = collections.abc.Callable[[str, list[typing.Any], typing.Any], typing.Any]


class Node:
    """Says what a real node says, but for its lie."""

    def __init__(self, real: rpc.Rpc) -> None:
        self.real = real
        self.lie: Lie | None = None

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):  # who has enough hangs up
                await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        call = json.loads(await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])))
        truth = await self.real.request(call["method"], *call["params"])
        said = truth if self.lie is None else self.lie(call["method"], call["params"], truth)
        reply = {"error": said} if said == REFUSAL else {"result": said}
        body = json.dumps({"jsonrpc": "2.0", "id": call["id"], **reply}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()


@contextlib.asynccontextmanager
async def serving(
    world: typing.Any, count: int, chain_id: ChainId = CHAIN
) -> collections.abc.AsyncIterator[tuple[list[Node], rpc.Rpc]]:
    nodes = [Node(world.rpcs[chain_id]) for _ in range(count)]
    async with contextlib.AsyncExitStack() as stack:
        servers = [await asyncio.start_server(node.connect, ports.LOOPBACK, 0) for node in nodes]
        for server in servers:
            await stack.enter_async_context(server)
        urls = [f"http://{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}" for server in servers]
        yield nodes, await stack.enter_async_context(rpc.Rpc(urls, chain_id))


def forged(method: str, _params: list[typing.Any], truth: typing.Any) -> typing.Any:
    """Another recipient or amount in what a settler said."""
    if method != "eth_getLogs":
        return truth
    return [log | {"data": log["data"][:-64] + "11" * 32} if len(log["data"]) > 66 else log for log in truth]


def left_out(method: str, _params: list[typing.Any], truth: typing.Any) -> typing.Any:
    return [] if method == "eth_getLogs" else truth


def too_final(method: str, params: list[typing.Any], truth: typing.Any) -> typing.Any:
    return truth | {"number": "0xffff"} if params[:1] == ["finalized"] else truth


async def delivered(world: typing.Any) -> None:
    job = await world.make_job()
    executor = world.executor()
    assert [await executor.step(job) for _ in range(2)] == [Step.OPENED, Step.FILLED]
    await world.mine(3)


async def read(world: typing.Any, node: rpc.Rpc) -> list[str]:
    found = scanner.Scanner(world.destination, node, EVENTS, 1000).read()
    return [fact.name async for facts in found for fact in facts]


@pytest.mark.parametrize("lie", [forged, left_out, too_final])
async def test_one_node_of_three_is_not_believed(world: typing.Any, lie: Lie) -> None:
    await delivered(world)
    async with serving(world, 3) as (nodes, node):
        told = await read(world, world.rpcs[CHAIN])
        assert told == ["Dispatch"]
        nodes[0].lie = lie
        assert await read(world, node) == told


async def test_nothing_is_read_while_two_nodes_contradict_each_other(world: typing.Any) -> None:
    await delivered(world)
    async with serving(world, 2) as (nodes, node):
        nodes[1].lie = left_out
        with pytest.raises(Unavailable) as caught:
            await read(world, node)
        assert caught.value.code == "nodes_disagree"
        nodes[1].lie = None
        assert await read(world, node) == ["Dispatch"]


async def test_an_open_is_as_deep_as_most_nodes_say(world: typing.Any, solver_signer: keys.Signer) -> None:
    careful = world.with_fill_after("finalized")
    job = await careful.make_job()
    assert await careful.executor().step(job) is Step.OPENED
    asked = settler.load().encode_call("escrowOf", job.intent_id)
    held = "0x" + (await world.rpcs[ORIGIN].call(world.origin.settler, asked)).hex()

    def escrow(said: typing.Any) -> Lie:
        """At every block but the latest."""

        def lie(method: str, params: list[typing.Any], truth: typing.Any) -> typing.Any:
            return said if method == "eth_call" and params[1] != "latest" else truth

        return lie

    async with serving(world, 3, ORIGIN) as (nodes, node), serving(world, 1, ORIGIN) as (single, alone):
        single[0].lie = escrow(REFUSAL)
        with pytest.raises(Unavailable, match="header not found"):
            await Executor(careful.network, world.rpcs | {ORIGIN: alone}, {}, 10.0).step(job)
        executor = Executor(careful.network, world.rpcs | {ORIGIN: node}, world.wallets(solver_signer), 10.0)
        for lie in (too_final, escrow(held)):
            nodes[0].lie = lie
            assert await executor.step(job) is Step.WAITING
        nodes[0].lie = escrow("0x" + "00" * (len(held) // 2 - 1))
        await careful.mine(2, chain_ids=(ORIGIN,))
        assert await executor.step(job) is Step.FILLED
