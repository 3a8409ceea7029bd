"""Who sends too much gets the answer, also if it reads only after sending; and no more is taken than there are bounds.

On real sockets: a server that closes over unread bytes resets the connection, and the answer is gone.
"""

import asyncio
import json

import pytest

from orbital.api import body, lingering
from orbital.devnet import ports

HEAD = b"POST /api/v1/intents HTTP/1.1\r\nHost: orbital\r\nContent-Type: application/json\r\n"
LARGE = 40 * body.BODY_BYTES_MAX
PIECE = b" " * 8192


@pytest.fixture
async def port(api, served):
    async with served(api.app) as port:
        yield port


async def send(port: int, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """All of it sent, before anything is read."""
    reader, writer = await asyncio.open_connection(ports.LOOPBACK, port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


def check(answer: bytes, status: int, code: str) -> None:
    head, content = answer.split(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"connection: close" in head.lower().split(b"\r\n"), json.loads(content)["code"]) == (True, code)


@pytest.mark.parametrize("key", ["", "Idempotency-Key: a\r\n"])
@pytest.mark.parametrize("is_announced", [True, False])
async def test_answer_comes_to_who_first_sends_everything(port, key, is_announced):
    count = LARGE // len(PIECE)
    if is_announced:
        length, pieces = f"Content-Length: {LARGE}", [PIECE] * count
    else:
        length, pieces = "Transfer-Encoding: chunked", [b"2000\r\n" + PIECE + b"\r\n"] * count + [b"0\r\n\r\n"]
    reader, writer = await send(port, HEAD, f"{key}{length}\r\n\r\n".encode(), *pieces)
    check(await reader.read(), 413, "body_too_large")
    writer.close()


async def test_who_asks_before_it_sends_is_answered_at_once(port):
    reader, writer = await send(port, HEAD + f"Expect: 100-continue\r\nContent-Length: {LARGE}\r\n\r\n".encode())
    answer = await reader.readuntil(b"}")
    writer.close()
    check(answer, 413, "body_too_large")


async def test_no_more_is_taken_than_the_bound(port):
    _, writer = await send(port, HEAD + b"Content-Length: 1000000000\r\n\r\n")
    sent = 0
    with pytest.raises(ConnectionError):  # noqa: PT012 - whichever of its statements finds the end
        while True:
            writer.write(PIECE)
            await writer.drain()
            sent += len(PIECE)
    writer.close()
    assert sent >= lingering.LINGER_BYTES_MAX


async def test_who_neither_sends_nor_leaves_is_left(port, monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_SECONDS_MAX", 0.05)
    reader, writer = await send(port, HEAD + f"Content-Length: {LARGE}\r\n\r\n".encode(), PIECE)
    check(await reader.read(), 413, "body_too_large")
    writer.close()


async def test_body_that_stops_is_answered_and_its_connection_closed(port, monkeypatch):
    monkeypatch.setattr(lingering, "LINGER_SECONDS_MAX", 0.05)
    monkeypatch.setattr(body.read_bytes, "__defaults__", (0.05,))
    reader, writer = await send(port, HEAD + b"Content-Length: 100\r\n\r\n", b"{")
    check(await reader.read(), 408, "body_too_slow")
    writer.close()
