"""Submissions while the origin's nodes are silent, refuse or are another chain's: told in time, and never a 500."""

import asyncio
import collections.abc
import contextlib
import json
import typing

import httpx
import pytest

from orbital.api.settings import ApiSettings
from orbital.chain.rpc import Rpc

ORIGIN = 31337
INTENTS = "/api/v1/intents"
NODE_SECONDS = 60.0
USUAL_SECONDS = ApiSettings("https://orbital.example", "a secret").submit_chain_seconds
TOLD_SECONDS = 20.0  # far below what one silent node takes alone, and far above what is promised: machines are busy
Json = dict[str, typing.Any]
Change = collections.abc.Callable[[str, Json], collections.abc.Awaitable[None]]


@contextlib.asynccontextmanager
async def _relay(url: str, change: Change) -> collections.abc.AsyncIterator[str]:
    """The URL of a node that says what the node behind it says, once `change` had each reply and its method."""

    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                asked = json.loads(await reader.readexactly(int(head.rpartition(b"content-length: ")[2])))
                told = (await client.post(url, json=asked)).json()
                for call, reply in zip(asked, told, strict=True) if isinstance(asked, list) else [(asked, told)]:
                    await change(call["method"], reply)
                content = json.dumps(told).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content))
        writer.close()

    running: set[asyncio.Task[None]] = set()
    server = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    async with httpx.AsyncClient() as client, server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for one in running:
            one.cancel()
        await asyncio.gather(*running)


@pytest.fixture
def behind(api, world) -> typing.Any:
    """A process that asks the origin through so many relays."""

    @contextlib.asynccontextmanager
    async def build(
        change: Change, relays: int = 1, **changed: float
    ) -> collections.abc.AsyncIterator[httpx.AsyncClient]:
        async with contextlib.AsyncExitStack() as stack:
            made = [_relay(world.urls[ORIGIN], change) for _ in range(relays)]
            urls = [await stack.enter_async_context(one) for one in made]
            rpc = await stack.enter_async_context(Rpc(urls, ORIGIN, timeout_seconds=NODE_SECONDS))
            yield await stack.enter_async_context(api.another_process(api.rpcs | {ORIGIN: rpc}, **changed))

    return build


async def _silent(_method: str, _reply: Json) -> None:
    await asyncio.Event().wait()


async def _of_another_chain(method: str, reply: Json) -> None:
    if method == "eth_chainId":
        reply["result"] = "0x1"


def _refusing(refused: str) -> Change:
    async def change(method: str, reply: Json) -> None:
        if method == refused:
            reply |= {"result": None, "error": {"code": -32601, "message": "not supported"}}
            del reply["result"]

    return change


async def test_any_number_of_silent_nodes_and_of_callers_are_told_in_time_and_what_is_held_is_known(api, behind):
    patience = {"submit_chain_seconds": USUAL_SECONDS, "submit_database_seconds": TOLD_SECONDS}  # machines are busy
    user, other = await api.funded_user(), await api.funded_user()
    held = api.submission(await api.submitted(user), user)
    fresh = [api.submission(api.intent(user.address), user) for _ in range(3)]
    forged = api.submission(api.intent(user.address), other)
    async with behind(_silent, relays=2, **patience) as client, asyncio.timeout(TOLD_SECONDS):
        first = asyncio.create_task(client.post(INTENTS, json=fresh[0]))
        known, *answers = await asyncio.gather(
            *(client.post(INTENTS, json=one) for one in (held, *fresh[1:], forged)), first
        )
    assert known.status_code == 200
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(503, "chain_unavailable")}
    assert all(int(one.headers["retry-after"]) >= 1 for one in answers)


@pytest.mark.parametrize(
    ("change", "is_forged"),
    [
        (_refusing("eth_blockNumber"), False),
        (_refusing("eth_call"), False),
        (_refusing("eth_getCode"), True),
        (_of_another_chain, False),
    ],
)
async def test_a_node_that_is_of_no_use_makes_the_chain_unavailable(api, behind, change, is_forged):
    user, other = await api.funded_user(), await api.funded_user()
    held = await api.submitted(user)
    async with behind(change) as client:
        body = api.submission(api.intent(user.address), other if is_forged else user)
        answer = await client.post(INTENTS, json=body)
        assert (answer.status_code, answer.json()["code"]) == (503, "chain_unavailable")
        assert int(answer.headers["retry-after"]) >= 1
        assert (await client.post(INTENTS, json=api.submission(held, user))).status_code == 200
