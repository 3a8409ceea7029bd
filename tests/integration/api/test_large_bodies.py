"""Who sends more than is read gets the answer, also if it reads only after sending; and what is taken has bounds.

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
async def port(api, on_a_port):
    async with on_a_port(api.app) as port:
        yield port


async def send(port: int, *pieces: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """All of it sent, before anything is read."""
    reader, writer = await asyncio.open_connection(ports.LOOPBACK, port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
    return reader, writer


def check(answer: bytes, status: int, code: str | None) -> None:
    head, content = answer.split(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"connection: close" in head.lower().split(b"\r\n"), json.loads(content).get("code")) == (True, code)


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


CLOSING = {"HTTP/1.0": ("1.0", ""), "told so": ("1.1", "Connection: close\r\n")}
UNREAD = {
    "another type": ("POST /api/v1/intents", 415, "unsupported_media_type"),
    "no login": ("PUT /api/v1/solver/0x1111111111111111111111111111111111111111/update", 401, "unauthenticated"),
    "no such method": ("PATCH /api/v1/intents", 405, "method_not_allowed"),
    "nothing there": ("POST /api/v1/nothing", 404, "not_found"),
    "a read": ("GET /health/live", 200, None),
}


@pytest.mark.parametrize("closing", CLOSING)
@pytest.mark.parametrize("why", UNREAD)
async def test_answer_that_needs_no_body_comes_to_who_first_sends_it_and_then_closes(port, closing, why):
    (version, closes), (request, status, code) = CLOSING[closing], UNREAD[why]
    head = f"{request} HTTP/{version}\r\nHost: orbital\r\n{closes}Content-Length: {LARGE}\r\n\r\n"
    reader, writer = await send(port, head.encode(), *[PIECE] * (LARGE // len(PIECE)))
    check(await reader.read(), status, code)
    writer.close()


async def test_connection_lives_on_after_an_answer_that_needed_no_body(port):
    head = f"POST /api/v1/nothing HTTP/1.1\r\nHost: orbital\r\nContent-Length: {LARGE}\r\n\r\n".encode()
    reader, writer = await send(port, *[head, *[PIECE] * (LARGE // len(PIECE))] * 2)
    for _ in range(2):
        answer = await reader.readuntil(b"\r\n\r\n") + await reader.readuntil(b"}")
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"connection: close" not in answer.lower()
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
