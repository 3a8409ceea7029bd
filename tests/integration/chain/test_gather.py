import asyncio
import collections.abc
import contextlib
import dataclasses
import json
import typing

import pytest

from orbital.chain import gather, rpc
from orbital.domain import errors
from orbital.domain.types import Address, ChainId

CHAIN = ChainId(7)
A, B, C = (Address(bytes([one]) * 20) for one in (0xA, 0xB, 0xC))


@dataclasses.dataclass
class Scripted:
    """A node that answers each call with the address it is to, or refuses; each batch once it is let go."""

    url: str
    batches: asyncio.Queue[list[str]]
    let_go: asyncio.Queue[str]  # "answer" or "hang up"
    height: int = 7


def _reply(asked: dict[str, typing.Any], height: int) -> dict[str, typing.Any]:
    if asked["method"] in {"eth_chainId", "eth_blockNumber"}:
        found = hex(height if asked["method"] == "eth_blockNumber" else CHAIN)
        return {"jsonrpc": "2.0", "id": asked["id"], "result": found}
    to = asked["params"][0]["to"]
    if to == "0x" + C.hex():
        return {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": 3, "message": "reverted"}}
    return {"jsonrpc": "2.0", "id": asked["id"], "result": to}


@contextlib.asynccontextmanager
async def _scripted() -> collections.abc.AsyncIterator[Scripted]:
    scripted = Scripted("", asyncio.Queue(), asyncio.Queue())

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        calls = asked if isinstance(asked, list) else [asked]
        if called := [one["params"][0]["to"] for one in calls if one["method"] == "eth_call"]:
            scripted.batches.put_nowait(called)
            if await scripted.let_go.get() == "hang up":
                return
        replies = [_reply(one, scripted.height) for one in calls]
        body = json.dumps(replies if isinstance(asked, list) else replies[0]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        scripted.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield scripted


@pytest.fixture
async def node() -> collections.abc.AsyncIterator[Scripted]:
    async with _scripted() as scripted:
        yield scripted


@pytest.fixture
async def gathered(node: Scripted) -> collections.abc.AsyncIterator[gather.Gather]:
    async with rpc.Rpc([node.url], CHAIN) as client:
        yield gather.Gather(client)


def _ask(gathered: gather.Gather, *to: Address) -> asyncio.Task[gather.Answers]:
    return asyncio.create_task(gathered.call_many([(one, b"") for one in to]))


def _hex(*addresses: Address) -> list[str]:
    return ["0x" + one.hex() for one in addresses]


async def test_calls_that_come_during_a_request_leave_together_after_it(
    node: Scripted, gathered: gather.Gather
) -> None:
    first = _ask(gathered, A)
    assert await node.batches.get() == _hex(A)
    second, third = _ask(gathered, B, A), _ask(gathered, C, B)
    await asyncio.sleep(0)
    assert node.batches.empty()
    node.let_go.put_nowait("answer")
    assert await first == ([A], 0)
    assert await node.batches.get() == _hex(B, A, C, B)
    node.let_go.put_nowait("answer")
    assert await second == ([B, A], 7)
    refused, answered = (await third).of_calls
    assert isinstance(refused, rpc.RpcError)
    assert answered == B


async def test_one_who_gives_up_leaves_the_others_their_answers(node: Scripted, gathered: gather.Gather) -> None:
    leaver, stayer = _ask(gathered, A), _ask(gathered, B)
    assert await node.batches.get() == _hex(A, B)
    waiter, early_leaver = _ask(gathered, A), _ask(gathered, B)
    await asyncio.sleep(0)
    leaver.cancel()
    early_leaver.cancel()
    node.let_go.put_nowait("answer")
    assert (await stayer).of_calls == [B]
    assert await node.batches.get() == _hex(A)
    node.let_go.put_nowait("answer")
    assert (await waiter).of_calls == [A]
    assert leaver.cancelled()
    assert early_leaver.cancelled()


async def test_a_failed_batch_fails_its_members_and_no_later_one(node: Scripted, gathered: gather.Gather) -> None:
    members = [_ask(gathered, A), _ask(gathered, B)]
    await node.batches.get()
    later = _ask(gathered, B)
    await asyncio.sleep(0)
    node.let_go.put_nowait("hang up")
    for member in members:
        with pytest.raises(errors.Unavailable):
            await member
    await node.batches.get()
    node.let_go.put_nowait("answer")
    assert (await later).of_calls == [B]


async def test_batches_are_split_between_callers_at_the_most_that_nodes_take(
    node: Scripted, gathered: gather.Gather
) -> None:
    half = [A] * (gather.BATCH_CALLS // 2)
    asked = [_ask(gathered, *half) for _ in range(3)]
    assert len(await node.batches.get()) == gather.BATCH_CALLS
    node.let_go.put_nowait("answer")
    assert len(await node.batches.get()) == len(half)
    node.let_go.put_nowait("answer")
    assert [one.of_calls for one in await asyncio.gather(*asked)] == [half] * 3


async def test_a_height_is_no_higher_than_what_the_node_tells_now(node: Scripted, gathered: gather.Gather) -> None:
    """It may have gone back to an earlier block, or be several nodes behind one name."""
    heights = []
    for height in (7, 5, 9, 9):
        node.height = height
        node.let_go.put_nowait("answer")
        heights.append((await _ask(gathered, A)).height)
    assert heights == [0, 5, 5, 9]


async def test_what_a_node_told_counts_when_others_answered_in_between(node: Scripted) -> None:
    async with _scripted() as other, rpc.Rpc([node.url, other.url], CHAIN) as client:
        gathered, heights = gather.Gather(client), []
        for of_node, of_other in ((["answer"], []), (["hang up"], ["answer"]), (["answer"], ["hang up"])):
            for one, words in ((node, of_node), (other, of_other)):
                for word in words:
                    one.let_go.put_nowait(word)
            heights.append((await _ask(gathered, A)).height)
    assert heights == [0, 0, 7]
