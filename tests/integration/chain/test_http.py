"""Posting to servers that behave in every way in which servers do."""

import asyncio
import collections.abc
import contextlib
import dataclasses
import gzip

import pytest

from orbital.chain import http
from orbital.devnet import ports

PATIENCE_SECONDS = 30.0
SHORT_SECONDS = 0.3  # where nobody answers
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Script = collections.abc.Callable[[asyncio.StreamReader, asyncio.StreamWriter], collections.abc.Awaitable[None]]


@dataclasses.dataclass
class Server:
    """Runs a script on each connection after each request; `heads` has what it was asked."""

    port: int
    connections: int = 0
    heads: list[str] = dataclasses.field(default_factory=list)
    asked: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@contextlib.asynccontextmanager
async def _serving(
    script: Script, *, reads: bool = True, timeout_seconds: float = PATIENCE_SECONDS
) -> collections.abc.AsyncIterator[tuple[Server, http.Connections]]:
    async def on_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                server.heads.append(head)
                server.asked.set()
                size = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
                await reader.readexactly(size if reads else 0)
                await script(reader, writer)
        writer.close()

    running: set[asyncio.Task[None]] = set()
    listening = await asyncio.start_server(on_connection, "127.0.0.1", 0)
    server, client = Server(listening.sockets[0].getsockname()[1]), http.Connections(timeout_seconds)
    async with listening:
        yield server, client
        await client.aclose()
        for one in running:
            one.cancel()
        await asyncio.gather(*running)


def _sends(*pieces: bytes, closes: bool = False, pause: float = 0.0) -> Script:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)
        if closes:
            writer.close()

    return script


def _packed(content: bytes) -> bytes:
    packed = gzip.compress(content, mtime=0)
    return b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed)


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "script",
    [
        _sends(OK),
        _sends(*(OK[at : at + 1] for at in range(len(OK)))),
        _sends(CHUNKED),
        _sends(_packed(b"ok")),
        _sends(b"HTTP/1.1 200 OK\r\n\r\n", b"ok", closes=True),
        _sends(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", closes=True),
        _sends(b"HTTP/1.1 100 Continue\r\nRetry-After: 9\r\n\r\n" + OK),
        _sends(OK[:-1], OK[-1:], pause=0.2),
        _sends(OK + OK),
        _sends(OK, closes=True),
        _sends(CHUNKED[:-2] + b"Content-Encoding: gzip\r\nRetry-After: 9\r\n\r\n"),
        _sends(_packed(b"ok").replace(b"gzip", b"X-GZip")),
    ],
)
async def test_an_answer_is_read_however_it_is_sent(script: Script) -> None:
    async with _serving(script) as (server, client):
        for _ in range(2):
            assert await client.post(server.url, b"asked") == (200, b"ok", None)
            await asyncio.sleep(0)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        OK[:-1],
        CHUNKED[:-3],
        b"HTTP/1.1 200 OK\r\nContent-",
        b"what?\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: br\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"ok", mtime=0)[:-4],
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        + gzip.compress(b"o", mtime=0)
        + gzip.compress(b"k", mtime=0),
    ],
)
async def test_what_is_no_whole_answer_is_unreachable(answer: bytes) -> None:
    async with _serving(_sends(answer, closes=True)) as (server, client):
        with pytest.raises(http.Unreachable):
            await client.post(server.url, b"asked")


async def test_an_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "CONTENT_BYTES_MAX", 1000)
    async with _serving(_sends(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1001)) as (server, client):
        with pytest.raises(http.Unreachable):
            await client.post(server.url, b"asked")
    async with _serving(_sends(_packed(b"x" * 1001))) as (server, client):
        with pytest.raises(http.Unreachable):
            await client.post(server.url, b"asked")
    async with _serving(_sends(_packed(b"x" * 1000))) as (server, client):
        assert (await client.post(server.url, b"asked")).content == b"x" * 1000


@pytest.mark.parametrize("name", [b"X: ", b"x"])
async def test_a_head_has_an_end(name: bytes) -> None:
    endless = b"HTTP/1.1 200 OK\r\n" + name + b"y" * http.HEAD_BYTES_MAX
    async with _serving(_sends(endless, pause=60)) as (server, client):
        with pytest.raises(http.Unreachable):
            await client.post(server.url, b"asked")


async def test_nothing_packed_is_nothing() -> None:
    nothing = b"HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n"
    async with _serving(_sends(nothing)) as (server, client):
        assert await client.post(server.url, b"asked") == (429, b"", "3")


@pytest.mark.parametrize("answer", [b"", OK[:20], OK[:-1]])
async def test_a_pause_that_is_too_long_is_a_timeout(answer: bytes) -> None:
    async with _serving(_sends(answer, pause=30), timeout_seconds=SHORT_SECONDS) as (server, client):
        with pytest.raises(http.TimedOut):
            await client.post(server.url, b"asked")


async def test_a_connection_is_used_again_and_each_has_one_request_at_a_time() -> None:
    async with _serving(_sends(OK, pause=0.01)) as (server, client):
        for _ in range(3):
            await client.post(server.url, b"asked")
        assert server.connections == 1
        await asyncio.gather(*(client.post(server.url, b"asked") for _ in range(4)))
        assert server.connections == 4


async def test_a_connection_that_ended_or_said_too_much_is_not_used_again() -> None:
    for script in (_sends(OK, closes=True), _sends(OK + OK), _sends(OK.replace(b"OK", b"OK\r\nConnection: close"))):
        async with _serving(script) as (server, client):
            for _ in range(3):
                assert (await client.post(server.url, b"asked")).content == b"ok"
                await asyncio.sleep(0.02)
            assert server.connections == 3


async def test_a_request_whose_old_connection_ended_is_sent_anew_and_one_on_a_new_one_is_not() -> None:
    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(server.heads) == 1:
            writer.write(OK)
        else:
            writer.close()

    async with _serving(script) as (server, client):
        await client.post(server.url, b"asked")
        with pytest.raises(http.Unreachable):
            await client.post(server.url, b"asked")
        assert (len(server.heads), server.connections) == (3, 2)


async def test_who_gives_up_leaves_his_answer_to_nobody() -> None:
    let_go = asyncio.Event()

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.write(OK)

    async with _serving(script) as (server, client):
        leaver = asyncio.create_task(client.post(server.url, b"asked"))
        await server.asked.wait()
        leaver.cancel()
        await asyncio.wait({leaver})
        let_go.set()
        assert (await client.post(server.url, b"asked")).content == b"ok"
        assert server.connections == 2


async def test_an_answer_before_the_request_was_sent_is_its_connections_last() -> None:
    async with _serving(_sends(OK, pause=60), reads=False) as (server, client):
        for _ in range(2):
            assert (await client.post(server.url, b"x" * 10_000_000)).content == b"ok"
        assert server.connections == 2


async def test_a_connection_that_is_in_use_when_all_are_closed_ends_with_its_request() -> None:
    let_go, ended = asyncio.Event(), asyncio.Event()

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await let_go.wait()
        writer.write(OK)
        await reader.read()
        ended.set()

    async with _serving(script) as (server, client):
        asking = asyncio.create_task(client.post(server.url, b"asked"))
        await server.asked.wait()
        await client.aclose()
        let_go.set()
        assert (await asking).content == b"ok"
        await asyncio.wait_for(ended.wait(), PATIENCE_SECONDS)


async def test_a_request_says_what_the_url_says() -> None:
    async with _serving(_sends(OK)) as (server, client):
        await client.post(f"http://me:s%40y@127.0.0.1:{server.port}/v2/a%20key b?q=1 2", b"asked")
        await client.post(f"http://127.0.0.1:{server.port}", b"asked")
        first, second = (head.split("\r\n") for head in server.heads)
    assert first[0] == "POST /v2/a%20key%20b?q=1%202 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in first
    assert "Authorization: Basic bWU6c0B5" in first
    assert "Content-Type: application/json" in first
    assert second[0] == "POST / HTTP/1.1"
    assert not any(line.startswith("Authorization") for line in second)


async def test_status_and_retry_after_are_told_and_redirects_are_not_followed() -> None:
    moved = b"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n"
    async with _serving(_sends(moved)) as (server, client):
        assert await client.post(server.url, b"asked") == (307, b"", "7")
        assert len(server.heads) == 1


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://127.0.0.1/",
        "http://",
        "http://[::1",
        "http://127.0.0.1:x/",
        "http://a..b/",
        "http://127.0.0.1/\udc80",
        "http://\udc80:x@127.0.0.1/",
    ],
)
async def test_what_is_no_url_is_unreachable(url: str) -> None:
    with pytest.raises(http.Unreachable):
        await http.Connections(1).post(url, b"asked")


async def test_nobody_listening_is_unreachable_and_heard_of_without_the_url() -> None:
    with pytest.raises(http.Unreachable) as caught:
        await http.Connections(1).post(f"http://me:secret@127.0.0.1:{ports.find_free_port()}/key", b"asked")
    assert "secret" not in str(caught.value)
    assert "key" not in str(caught.value)
