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

A, B, C = (Address(bytes([one]) * 20) for one in (0xA, 0xB, 0xC))


@dataclasses.dataclass
class Scripted:
    """A node that answers each call with the address it is to, or refuses; each batch once it is let go."""

    url: str
    batches: asyncio.Queue[list[str]]
    let_go: asyncio.Queue[str]  # "answer" or "hang up"


def _reply(asked: dict[str, typing.Any]) -> dict[str, typing.Any]:
    if asked["method"] in {"eth_chainId", "eth_blockNumber"}:
        return {"jsonrpc": "2.0", "id": asked["id"], "result": "0x7"}
    to = asked["params"][0]["to"]
    if to == "0x" + C.hex():
        return {"jsonrpc": "2.0", "id": asked["id"], "error": {"code": 3, "message": "reverted"}}
    return {"jsonrpc": "2.0", "id": asked["id"], "result": to}


@contextlib.asynccontextmanager
async def _scripted() -> collections.abc.AsyncIterator[Scripted]:
    batches: asyncio.Queue[list[str]] = asyncio.Queue()
    let_go: asyncio.Queue[str] = asyncio.Queue()

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        asked = json.loads(await reader.readexactly(length))
        calls = asked if isinstance(asked, list) else [asked]
        if called := [one["params"][0]["to"] for one in calls if one["method"] == "eth_call"]:
            batches.put_nowait(called)
            if await let_go.get() == "hang up":
                writer.close()
                return
        replies = [_reply(one) for one in calls]
        body = json.dumps(replies if isinstance(asked, list) else replies[0]).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        yield Scripted(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", batches, let_go)


@pytest.fixture
async def node() -> collections.abc.AsyncIterator[Scripted]:
    async with _scripted() as scripted:
        yield scripted


@pytest.fixture
async def gathered(node: Scripted) -> collections.abc.AsyncIterator[gather.Gather]:
    async with rpc.Rpc([node.url], ChainId(7)) as client:
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
