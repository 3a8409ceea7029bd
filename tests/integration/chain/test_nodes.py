"""Nodes that differ from anvil in what the JSON-RPC standard leaves open, as small servers of the test's own."""

import asyncio
import collections.abc
import contextlib
import json
import time
import typing

import pytest
import structlog

from orbital.chain import health, keccak, nodes, rpc
from orbital.domain import errors
from orbital.domain.types import ChainId
from orbital.observe import metrics

Json = typing.Any
Answer = collections.abc.Callable[[Json], Json]
CHAIN = ChainId(5)
PATIENCE_SECONDS = 30.0
FIRST = ("eth_getBlockByNumber", "0x1", False)
LATEST = ("eth_getBlockByNumber", "latest", False)


def _header(number: int) -> dict[str, str]:
    word = "0x" + keccak.keccak256(number.to_bytes(8)).hex()
    times = {"number": hex(number), "timestamp": hex(1_800_000_000 + number)}
    return {**times, "hash": word, "parentHash": word, "logsBloom": "0x" + "00" * 256}


@pytest.fixture(autouse=True)
def patient_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine neither counts nodes in between, nor tires of one that asks to be left alone for a moment."""
    monkeypatch.setattr(nodes, "SURVEY_SECONDS", 600.0)
    monkeypatch.setattr(nodes, "PATIENCE_SECONDS", PATIENCE_SECONDS)


@contextlib.asynccontextmanager
async def _serve(answer: Answer, status: bytes = b"200 OK") -> collections.abc.AsyncIterator[str]:
    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = json.dumps(answer(json.loads(await reader.readexactly(length)))).encode()
        writer.write(b"HTTP/1.1 %b\r\nConnection: close\r\n" % status)
        writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
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


class Counted:
    """A young node that counts what it is asked but its chain id; it answers by `answer` when that is set."""

    def __init__(self, head: int = 9) -> None:
        self.asked = 0
        self.answer: Answer | None = None
        self.head = head

    def __call__(self, request: Json) -> Json:
        if not isinstance(request, list) and request["method"] == "eth_chainId":
            return _young(request)
        self.asked += 1
        return (self.answer or self._young)(request)

    def _young(self, request: Json) -> Json:
        if isinstance(request, dict) and request["params"][0] == "latest":
            return {"jsonrpc": "2.0", "id": request["id"], "result": _header(self.head)}
        return _young(request)


def _refusal(code: int, message: str) -> Answer:
    return lambda request: {"jsonrpc": "2.0", "id": request["id"], "error": {"code": code, "message": message}}


@contextlib.asynccontextmanager
async def _pair(
    first: Answer, second: Answer, **changes: typing.Any
) -> collections.abc.AsyncIterator[tuple[nodes.Nodes, nodes.Client]]:
    async with _serve(first) as one, _serve(second) as two:
        shared = nodes.Nodes([one, two], CHAIN, PATIENCE_SECONDS, **changes)
        client = nodes.Client(shared)
        try:
            yield shared, client
        finally:
            await client.aclose()


async def test_a_node_that_limits_speed_is_left_alone_and_the_next_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "LIMITED_SECONDS", PATIENCE_SECONDS)
    first, second = Counted(), Counted()
    first.answer = _refusal(-32005, "daily request count exceeded, request rate limited")
    async with _pair(first, second) as (_, client):
        for _ in range(3):
            await client.ask_one(*FIRST)
    assert (first.asked, second.asked) == (1, 3)


async def test_retry_after_of_the_only_node_is_waited_for_when_short_and_reported_when_long() -> None:
    async with _serve(_young, b"429 Too Many Requests\r\nRetry-After: 60") as url, rpc.Rpc([url], CHAIN) as node:
        for _ in range(2):
            with pytest.raises(errors.Unavailable, match=r"HTTP 429|left alone for [56]\d"):
                await node.header(1)
    first = Counted()
    first.answer = _refusal(429, "Too Many Requests")
    async with _serve(first) as url, rpc.Rpc([url], CHAIN) as node:

        def recover(request: Json) -> Json:
            first.answer = None
            return _refusal(429, "Too Many Requests")(request)

        first.answer = recover
        assert (await node.header(1)).number == 1


async def test_words_of_a_contract_about_limits_are_a_revert() -> None:
    first = Counted()
    first.answer = _refusal(3, "execution reverted: rate limit exceeded")
    async with _serve(first) as url, rpc.Rpc([url], CHAIN) as node:
        with pytest.raises(rpc.RpcError, match="execution reverted"):
            await node.call(None, b"")


async def test_a_range_that_is_too_large_is_refused_with_what_would_do() -> None:
    first = Counted()
    first.answer = _refusal(-32602, "this block range should work: [0x1, 0x63]")
    async with _serve(first) as url, rpc.Rpc([url], CHAIN) as node:
        with pytest.raises(rpc.RangeRefused) as caught:
            await node.logs(1, 1000)
    assert caught.value.suggested == range(1, 0x64)


async def test_a_node_that_keeps_failing_is_not_asked_until_it_is_well_again() -> None:
    first, second = Counted(), Counted()
    first.answer = lambda _: "broken"
    async with _pair(first, second) as (shared, client):
        for _ in range(6):
            await client.ask_one(*FIRST)
        assert (first.asked, second.asked) == (1, 6)
        first.answer = None
        await shared.survey()
        await client.ask_one(*FIRST)
        assert (first.asked, second.asked) == (3, 7)


async def test_a_node_of_another_chain_is_left_out_while_others_are_right() -> None:
    def foreign(request: Json) -> Json:
        return {"jsonrpc": "2.0", "id": request["id"], "result": "0x6"}

    second = Counted()
    async with _pair(foreign, second) as (_, client):
        for _ in range(2):
            await client.ask_one(*FIRST)
    assert second.asked == 2
    async with _pair(foreign, lambda _: "broken") as (_, client):
        with pytest.raises(errors.Unavailable):
            await client.ask_one(*FIRST)


async def test_a_node_whose_head_lags_is_asked_for_what_it_has_only() -> None:
    first, second = Counted(head=9), Counted(head=60)
    async with _pair(first, second) as (shared, client):
        await shared.survey()
        for height in (60, 9):
            await client.ask_one("eth_getBlockByNumber", hex(height), 0, height=height)
        await client.ask_one(*LATEST)
    assert (first.asked, second.asked) == (2, 3)


async def test_a_steady_client_stays_and_a_second_opinion_is_another_nodes() -> None:
    first, second = Counted(), Counted()
    async with _pair(first, second) as (_, client):
        steady = client.steady()
        await steady.ask_one(*FIRST)
        steady.blame()
        await steady.ask_one(*FIRST)
        assert (first.asked, second.asked) == (2, 0)
        await client.ask_one(*FIRST)
        await steady.elsewhere().ask_one(*FIRST)
        assert (first.asked, second.asked) == (2, 2)
        await client.witness().ask_one(*FIRST)
        assert (first.asked, second.asked) == (3, 2)


async def test_each_node_can_be_heard_by_itself_and_blamed() -> None:
    first, second = Counted(), Counted()
    async with _pair(first, second) as (shared, client):
        each = client.each()
        for one in each:
            await one.steady().ask_one(*FIRST)
            await one.ask_one(*FIRST)
        assert (first.asked, second.asked) == (2, 2)
        assert [one.answered_by for one in each] == [node.endpoint.place for node in shared.all]
        each[0].blame()
        await client.ask_one(*FIRST)
        assert (first.asked, second.asked) == (2, 3)
    async with _pair(lambda _: "broken", second) as (_, client):
        with pytest.raises(errors.Unavailable):
            await client.each()[0].elsewhere().ask_one(*FIRST)
    assert second.asked == 3


async def test_a_node_that_rests_is_not_heard_by_itself_while_there_are_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "REST_SECONDS", PATIENCE_SECONDS)
    second = Counted()
    async with _pair(lambda _: "broken", second) as (shared, client):
        for _ in range(health.OPEN_AFTER):
            with pytest.raises(errors.Unavailable):
                await client.each()[0].ask_one(*FIRST)
        asked = shared.all[0].health.failures
        with pytest.raises(errors.Unavailable):
            await client.each()[0].ask_one(*FIRST)
        assert shared.all[0].health.failures == asked
        await client.each()[1].ask_one(*FIRST)
    assert second.asked == 1


async def test_a_second_opinion_is_best_that_of_a_node_that_told_nothing() -> None:
    first, second = Counted(), Counted()
    async with _pair(first, second) as (shared, client):
        await client.witness([shared.all[1].endpoint.place]).ask_one(*FIRST)
    assert (first.asked, second.asked) == (1, 0)


async def test_a_node_that_lags_is_no_second_opinion() -> None:
    first, second = Counted(head=60), Counted(head=9)
    async with _pair(first, second) as (shared, client):
        await shared.survey()
        await client.witness().ask_one(*LATEST)
    assert (first.asked, second.asked) == (2, 1)


async def test_the_second_opinion_of_a_chain_with_one_node_is_its_own() -> None:
    first = Counted()
    async with _serve(first) as url, rpc.Rpc([url], CHAIN) as node:
        await node.header(1)
        assert (await node.elsewhere().header(1)).number == 1
        assert (await node.witness().header(1)).number == 1


async def test_a_node_above_its_budget_leaves_calls_to_the_next() -> None:
    first, second = Counted(), Counted()
    async with _pair(first, second, calls_per_second=1000.0) as (shared, client):
        shared.all[0].budget.reserve(1_000_000, time.monotonic())
        await client.ask_one(*FIRST)
    assert (first.asked, second.asked) == (0, 1)


async def test_a_budget_that_holds_requests_back_is_said_once_and_counted() -> None:
    first = Counted()
    async with _serve(first) as url, rpc.Rpc([url], CHAIN, calls_per_second=3.0) as node:
        with structlog.testing.capture_logs() as said:
            await node.headers(range(60))
            for _ in range(2):
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(node.header(1), 0.02)
        place = url.removeprefix("http://")
    assert [(one["event"], one["node"], one["log_level"]) for one in said] == [
        ("its budget holds requests back", place, "warning")
    ]
    assert _counted("orbital_node_budget_seconds_total", place) > nodes.HELD_SECONDS


def _counted(name: str, place: str) -> float:
    lines = metrics.render().decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name}{{") and place in line)
