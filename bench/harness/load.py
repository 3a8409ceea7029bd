"""Load on one server from many callers, and what came of it: each keeps a connection and asks again once answered.

Two servers are compared by the requests that each answers in a second of its own processor time: on one core that is
what a worker can do, and unlike the rate by the wall clock it does not depend on what else the machine is doing.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import httptools

CALLERS = 16


@dataclass(frozen=True)
class Round:
    """Requests a second, the same a second of the server's processor time, and latencies in milliseconds."""

    rate: float
    capacity: float
    p50: float
    p99: float


class Caller(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[int] | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionError("the server hung up"))

    def on_message_complete(self) -> None:
        assert self._answered is not None
        status, self._parser = self._parser.get_status_code(), httptools.HttpResponseParser(self)
        self._answered.set_result(status)

    async def ask(self, request: bytes, expected: int) -> float:
        """Seconds until the answer was there."""
        begun = time.perf_counter()
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        status = await self._answered
        if status != expected:
            raise RuntimeError(f"answered {status} instead of {expected}")
        return time.perf_counter() - begun

    def close(self) -> None:
        self._transport.close()


@dataclass(frozen=True)
class Server:
    """Where a server listens, and its process."""

    port: int
    pid: int

    def cpu_seconds(self) -> float:
        """Processor time that the process has used (Linux: the clock of another process, see clock_getcpuclockid)."""
        return time.clock_gettime((~self.pid << 3) | 2)


async def load(server: Server, requests: Iterator[bytes], expected: int, seconds: float | None = None) -> Round:
    """All callers at once, until the time or the requests are over."""
    loop = asyncio.get_running_loop()
    callers = [(await loop.create_connection(Caller, "127.0.0.1", server.port))[1] for _ in range(CALLERS)]
    until = float("inf") if seconds is None else time.perf_counter() + seconds

    async def call(caller: Caller) -> list[float]:
        taken = []
        while time.perf_counter() < until and (request := next(requests, None)) is not None:
            taken.append(await caller.ask(request, expected))
        return taken

    try:
        return await timed([call(one) for one in callers], server.cpu_seconds)
    finally:
        for one in callers:
            one.close()


async def timed(
    workers: list[Coroutine[Any, Any, list[float]]], cpu_seconds: Callable[[], float] = time.process_time
) -> Round:
    """What the workers took together, by the wall clock and by the processor time of who serves them."""
    begun, used = time.perf_counter(), cpu_seconds()
    taken = sorted(itertools.chain.from_iterable(await asyncio.gather(*workers)))
    rate, capacity = len(taken) / (time.perf_counter() - begun), len(taken) / (cpu_seconds() - used)
    return Round(rate, capacity, taken[len(taken) // 2] * 1e3, taken[len(taken) * 99 // 100] * 1e3)


def report(name: str, pairs: list[tuple[Round, Round]], target: float, other: str) -> None:
    """Medians of each side, and the median of the pairs' ratios; the target is for those by processor time."""

    def median(pick: Callable[[Round, Round], float]) -> float:
        return statistics.median(pick(*one) for one in pairs)

    print(f"{name:<24}{'req/s':>8}{'req/CPU s':>11}{'p50 ms':>9}{'p99 ms':>9}")
    for label, side in (("the API", 0), (other, 1)):
        rate, capacity, p50, p99 = (
            statistics.median(getattr(one[side], what) for one in pairs) for what in ("rate", "capacity", "p50", "p99")
        )
        print(f"  {label:<22}{rate:>8.0f}{capacity:>11.0f}{p50:>9.2f}{p99:>9.2f}")
    ratio = median(lambda ours, theirs: ours.capacity / theirs.capacity)
    by_clock = median(lambda ours, theirs: ours.rate / theirs.rate)
    verdict = "met" if ratio >= target else "MISSED"
    print(f"  ratio {ratio:.2f} by CPU time, wanted {target}: {verdict}; {by_clock:.2f} by the wall clock")
