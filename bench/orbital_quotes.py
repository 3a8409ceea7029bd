"""Quotes a second of the Orbital engine by numbers of tokens and ticks, and beside StableSwap on the same trades.

One process, no cache between quotes. Pools have been traded before they are measured, so ticks are on both sides of
their planes where there are several. The peer is curvesim's StableSwap; `make bench-orbital` installs it by its hash.
"""

import math
import pathlib
import random
import statistics
import time
import typing

from harness import stableswap
from orbital.domain.orbital import pool, refusals, swap, tick

WAD = 10**18
CAPITAL = 30_000_000 * WAD
TOKENS, TICKS = (3, 8, 100, 10_000), (1, 10, 1_000)
QUOTES, ROUNDS = 400, 5
PEER = pathlib.Path(".cache/bench-peers")

Trade = tuple[int, int, int]


def planes_of(n: int, count: int) -> list[int]:
    """Depeg prices from 0.999 down to 0.5."""
    prices = [WAD * 999 // 1000 - WAD * 499 // 1000 * step // count for step in range(count)]
    return [tick.plane_of_price(n, price) for price in prices]


def at_par(n: int, planes: list[int], capital: int) -> pool.Pool:
    """A pool whose real reserves at par are worth `capital`, the same radius in every tick."""
    trial = _filled(n, planes, WAD * 10**9)
    return _filled(n, planes, WAD * 10**9 * capital // sum(trial.real_reserves))


def trades_of(rng: random.Random, subject: pool.Pool, *, most: float) -> list[Trade]:
    """Between random tokens, from a ten-millionth to `most` of a token's real reserve, evenly in its logarithm."""
    real = sum(subject.real_reserves) // subject.n
    pairs = [rng.sample(range(subject.n), 2) for _ in range(QUOTES)]
    return [(i, j, int(real * 10 ** rng.uniform(-7, most))) for i, j in pairs]


def traded(rng: random.Random, subject: pool.Pool) -> pool.Pool:
    """After a few trades, the first a large one."""
    for i, j, amount in trades_of(rng, subject, most=-1)[:5]:
        subject = swap.quote_exact_in(subject, i, j, amount).after
    return subject


def times_of(quote: typing.Callable[[int, int, int], object], trades: list[Trade]) -> list[float]:
    """Microseconds of each trade's quote, the median of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        times = []
        for trade in trades:
            start = time.perf_counter_ns()
            quote(*trade)
            times.append((time.perf_counter_ns() - start) / 1000)
        rounds.append(times)
    return [statistics.median(each) for each in zip(*rounds, strict=True)]


def measure_sizes() -> None:
    print("quotes a second            " + "".join(f"{count:>8} ticks" for count in TICKS))
    for n in TOKENS:
        rates = [1e6 / statistics.fmean(times_of(*_ready(n, count))) for count in TICKS]
        print(f"{n:>8} tokens            " + "".join(f"{rate:>14,.0f}" for rate in rates))


def measure_flatness() -> None:
    """10,000 tokens beside 8 in alternating rounds: with 3 no tick is at its plane here, and a sphere is a formula."""
    found = []
    for count in TICKS:
        many, few = _ready(TOKENS[-1], count), _ready(TOKENS[1], count)
        pairs = [(_cpu_of(*many), _cpu_of(*few)) for _ in range(4 * ROUNDS)]
        found.append(statistics.median(ours / theirs for ours, theirs in pairs))
    print("time at 10,000 tokens / 8  " + "".join(f"{ratio:>13.2f}x" for ratio in found))


def _ready(n: int, count: int) -> tuple[typing.Callable[[int, int, int], object], list[Trade]]:
    """A pool that has been traded, as a quoter, and trades for it."""
    rng = random.Random(f"{n} {count}")
    subject = traded(rng, at_par(n, planes_of(n, count), CAPITAL))
    return _quoting(subject), trades_of(rng, subject, most=-2)


def _cpu_of(quote: typing.Callable[[int, int, int], object], trades: list[Trade]) -> int:
    start = time.thread_time_ns()
    for trade in trades:
        quote(*trade)
    return time.thread_time_ns() - start


def measure_tail() -> None:
    """8 tokens, trades that cross nothing, each quote by itself: CPU time of the thread, which others can't take."""
    for count in TICKS:
        rng = random.Random(f"tail {count}")
        subject = traded(rng, at_par(8, planes_of(8, count), CAPITAL))
        quote = _quoting(subject)
        trades = [one for one in trades_of(rng, subject, most=-4) if not quote(*one).crossings]
        times = []
        for trade in trades * ROUNDS:
            start = time.thread_time_ns()
            quote(*trade)
            times.append((time.thread_time_ns() - start) / 1000)
        times.sort()
        print(
            f"8 tokens, {count:>5} ticks, no crossing: p50 {times[len(times) // 2]:.0f} us, "
            f"p99 {times[len(times) * 99 // 100]:.0f} us, most {times[-1]:.0f} us of {len(times)} quotes"
        )


def measure_peer() -> None:
    """The same capital, tokens and trades, no fee; output against what both would pay at a price of 1."""
    stable_class = stableswap.load(PEER)
    for n in (3, 8):
        rng = random.Random(f"peer {n}")
        for prices in ((999_000,), (990_000,), (999_000, 990_000, 950_000)):
            ours = at_par(n, [tick.plane_of_price(n, price * 10**12) for price in prices], CAPITAL)
            trades = trades_of(rng, ours, most=-1)
            for amplification in (200, 2000):
                peer = stable_class(amplification, [CAPITAL // n] * n, n, fee=0)
                ratio = statistics.median(_ratios(ours, peer, trades))
                losses = [_losses(ours, peer, share) for share in (100, 10, 3)]
                told = ", ".join(f"{a:.3g} / {b:.3g}" for a, b in losses)
                print(
                    f"{n} tokens, planes {prices}, A {amplification}: time {ratio:.2f}x of the peer's; "
                    f"ppm lost on 1 %, 10 %, 33 % of a token, ours / peer: {told}"
                )


def _losses(ours: pool.Pool, peer: typing.Any, share: int) -> tuple[float, float]:
    amount = CAPITAL // ours.n // share
    try:
        out = swap.quote_exact_in(ours, 0, 1, amount).amount_out
    except refusals.InsufficientLiquidity:
        out = 0
    return 1e6 * (1 - out / amount), 1e6 * (1 - _peer_out(peer, 0, 1, amount) / amount)


def _ratios(ours: pool.Pool, peer: typing.Any, trades: list[Trade]) -> typing.Iterator[float]:
    """Ours beside the peer, in alternating rounds."""
    mine, theirs = _quoting(ours), lambda *trade: _peer_out(peer, *trade)
    for _ in range(ROUNDS):
        yield statistics.fmean(times_of(mine, trades)) / statistics.fmean(times_of(theirs, trades))


def _peer_out(peer: typing.Any, i: int, j: int, amount: int) -> int:
    xp = peer._xp()  # noqa: SLF001
    return int(xp[j] - peer.get_y(i, j, xp[i] + amount, xp) - 1)


def _quoting(subject: pool.Pool) -> typing.Callable[[int, int, int], swap.Swap]:
    return lambda i, j, amount: swap.quote_exact_in(subject, i, j, amount)


def _filled(n: int, planes: list[int], radius: int) -> pool.Pool:
    total = radius * len(planes)
    par = total - math.isqrt(total * total // n)
    return pool.make([tick.Tick.on(plane, radius) for plane in planes], [par] * n)


if __name__ == "__main__":
    measure_sizes()
    measure_flatness()
    measure_tail()
    measure_peer()
