"""Nodes that differ from anvil in what the JSON-RPC standard leaves open, as small servers of the test's own."""

import asyncio
import collections.abc
import contextlib
import json
import typing

import pytest

from orbital.chain import keccak, rpc
from orbital.domain import errors
from orbital.domain.types import ChainId

Json = typing.Any
Answer = collections.abc.Callable[[Json], Json]
CHAIN = ChainId(5)


def _header(number: int) -> dict[str, str]:
    word = "0x" + keccak.keccak256(number.to_bytes(8)).hex()
    times = {"number": hex(number), "timestamp": hex(1_800_000_000 + number)}
    return {**times, "hash": word, "parentHash": word, "logsBloom": "0x" + "00" * 256}


@contextlib.asynccontextmanager
async def _serve(answer: Answer) -> collections.abc.AsyncIterator[str]:
    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = json.dumps(answer(json.loads(await reader.readexactly(length)))).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def _young(request: Json) -> Json:
    """Answer as a chain without safe and finalized blocks, batches in reverse order."""
    if isinstance(request, list):
        return [_young(one) for one in reversed(request)]
    reply = {"jsonrpc": "2.0", "id": request["id"]}
    if request["method"] == "eth_chainId":
        return reply | {"result": hex(CHAIN)}
    if request["params"][0] == "safe":
        return reply | {"error": {"code": -39001, "message": "Unknown block"}}
    if request["params"][0] == "finalized":
        return reply | {"error": {"code": -32000, "message": "finalized block not found"}}
    if request["params"][0] == "0x63":
        return reply | {"error": {"code": -32000, "message": "state is being rebuilt"}}
    return reply | {"result": _header(9 if request["params"][0] == "latest" else int(request["params"][0], 16))}


def _without_batches(request: Json) -> Json:
    if isinstance(request, list):
        return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches here"}}
    return _young(request)


def _forgetful(request: Json) -> Json:
    return _young(request)[:-1] if isinstance(request, list) else _young(request)


def _garbled(request: Json) -> Json:
    if request["method"] == "eth_chainId":
        return _young(request)
    return {"jsonrpc": "2.0", "id": request["id"], "result": {**_header(1), "hash": "0xno"}}


async def test_young_chain_has_no_safe_and_finalized_head() -> None:
    async with _serve(_young) as url, rpc.Rpc([url], CHAIN) as node:
        heads = await node.heads()
    assert heads.latest.number == 9
    assert heads.safe is None
    assert heads.finalized is None
    assert heads.latest.base_fee_wei is None


async def test_replies_of_a_batch_may_come_in_any_order() -> None:
    async with _serve(_young) as url, rpc.Rpc([url], CHAIN) as node:
        found = await node.headers([4, 2, 7])
    assert [head.number for head in found if head is not None] == [4, 2, 7]


async def test_other_refusals_of_a_block_are_raised() -> None:
    async with _serve(_young) as url, rpc.Rpc([url], CHAIN) as node:
        with pytest.raises(rpc.RpcError, match="rebuilt"):
            await node.headers([1, 0x63])


@pytest.mark.parametrize("answer", [_without_batches, _forgetful])
async def test_node_that_does_not_serve_the_batch_is_left_for_the_next(answer: Answer) -> None:
    async with _serve(answer) as weak, _serve(_young) as able:
        async with rpc.Rpc([weak, able], CHAIN) as node:
            assert (await node.heads()).latest.number == 9
        async with rpc.Rpc([weak], CHAIN) as node:
            with pytest.raises(errors.Unavailable, match="chain_unavailable"):
                await node.heads()


async def test_malformed_answer_is_unavailable() -> None:
    async with _serve(_garbled) as url, rpc.Rpc([url], CHAIN) as node:
        with pytest.raises(errors.Unavailable, match="malformed"):
            await node.header(1)


async def test_node_that_came_back_as_another_chain_is_detected() -> None:
    asked: list[str] = []

    def answer(request: Json) -> Json:
        """Be chain 5 for the first two requests, break once, and be chain 6 after that."""
        asked.append(request["method"])
        if len(asked) == 3:
            return "broken"
        return {"jsonrpc": "2.0", "id": request["id"], "result": hex(CHAIN + (len(asked) > 3))}

    async with _serve(answer) as url, rpc.Rpc([url], CHAIN) as node:
        assert await node.chain_id() == CHAIN
        with pytest.raises(errors.Unavailable):
            await node.gas_price()
        with pytest.raises(errors.Corrupt, match="wrong_chain"):
            await node.gas_price()
    assert asked == ["eth_chainId", "eth_chainId", "eth_gasPrice", "eth_chainId"]
