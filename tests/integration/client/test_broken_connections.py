"""Connections that end instead of an answer, as those of a service that stops or lets idle ones go."""

import asyncio
import contextlib

import pytest

from orbital.client import http
from orbital.devnet import ports
from orbital.domain import errors

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
PATIENCE_SECONDS = 60.0


@contextlib.asynccontextmanager
async def serving(answers_each: int):
    """A service that answers so many requests of a connection, and ends it at the next; and what it was asked."""
    asked, connections = [], []

    async def on_connection(reader, writer):
        connections.append(writer)
        for number in range(answers_each + 1):
            head = await reader.readuntil(b"\r\n\r\n")
            asked.append(head.partition(b" ")[0].decode())
            if number < answers_each:
                writer.write(ANSWER)
        writer.close()

    async with await asyncio.start_server(on_connection, ports.LOOPBACK, 0) as server:
        url = f"http://{ports.LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        connection = http.Connection(url, None, PATIENCE_SECONDS)
        yield connection, asked
        await connection.aclose()
        for one in connections:
            one.close()
            await one.wait_closed()


async def test_what_only_asks_is_asked_again_when_its_connection_was_let_go():
    async with serving(1) as (connection, asked):
        for _ in range(3):
            assert (await connection.send("GET", "/")).status_code == 200
    assert asked == ["GET"] * 5


async def test_it_is_asked_again_once():
    async with serving(0) as (connection, asked):
        with pytest.raises(errors.Unavailable) as away:
            await connection.send("GET", "/")
    assert (away.value.code, asked) == ("api_unavailable", ["GET"] * 2)


async def test_what_changes_something_is_sent_once():
    async with serving(1) as (connection, asked):
        assert (await connection.send("POST", "/")).status_code == 200
        with pytest.raises(errors.Unavailable):
            await connection.send("POST", "/")
    assert asked == ["POST"] * 2
