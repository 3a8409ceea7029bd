"""Processor time of one request to a node through our transport, beside httpx and bare streams on the same server.

The server answers from memory in this process, so its part is in all three figures. Rounds alternate.
"""

import asyncio
import collections.abc
import statistics
import time

import httpx
import uvloop

from orbital.chain import http

BODY = b'{"jsonrpc":"2.0","id":1,"result":"0x' + b"ab" * 200 + b'"}'
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY
ASKED = b'{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[]}'
REQUESTS, ROUNDS = 500, 7

Ask = collections.abc.Callable[[], collections.abc.Awaitable[object]]


class Node(asyncio.Protocol):
    """Answers whatever it is asked."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if data.endswith(ASKED):
            self.transport.write(ANSWER)


async def cost(ask: Ask) -> float:
    """Microseconds of processor time a request."""
    started = time.process_time_ns()
    for _ in range(REQUESTS):
        await ask()
    return (time.process_time_ns() - started) / REQUESTS / 1000


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Node, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    ours = http.Connections(10)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(ASKED)

    async def bare() -> bytes:
        writer.write(head + ASKED)
        return await reader.readexactly(len(ANSWER))

    async with httpx.AsyncClient(trust_env=False) as other:
        asks: dict[str, Ask] = {
            "ours": lambda: ours.post(url, ASKED),
            "httpx": lambda: other.post(url, content=ASKED, headers={"content-type": "application/json"}),
            "bare streams": bare,
        }
        costs: dict[str, list[float]] = {name: [] for name in asks}
        for _ in range(ROUNDS):
            for name, ask in asks.items():
                costs[name].append(await cost(ask))
    middle = {name: statistics.median(found) for name, found in costs.items()}
    for name, found in middle.items():
        print(f"{name:<13}{found:>8.0f} us a request, {found / middle['ours']:.2f}x of ours")
    writer.close()
    await ours.aclose()
    server.close()


if __name__ == "__main__":
    uvloop.run(main())
