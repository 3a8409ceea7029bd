"""Adding and removing radius of one tick: what a provider brings, and what he gets.

Radius stands for its share of the tick's virtual reserves, less the growth of the reserve that nobody brings. Shares
round for the pool: what comes by one wad more, and is refused where the new state would not be good; what goes keeps a
few wads back, for it is never refused. So adding and removing never gains value. Integers equal the contract's.
"""

import math
from dataclasses import dataclass
from typing import Final

from orbital.domain.orbital import ladder, pool, refusals
from orbital.domain.orbital.pool import Pool
from orbital.domain.orbital.roots import ceil_div, ceil_sqrt
from orbital.domain.orbital.tick import Tick

KEPT: Final = 4
"""Wads of a share that leaves: the roundings of level, chords, width and section together."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of liquidity; `amounts` are what moves of each token, in its own units."""

    after: Pool
    amounts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Resized:
    """One tick before and after, as differences without sign."""

    radius: int
    level: int
    chord: int
    floor_growth: int  # with its sign
    is_boundary: bool


def open_pool(planes: tuple[int, ...], decimals: tuple[int, ...], fee_ppm: int = 0) -> Pool:
    """A pool without liquidity, its ticks on these planes (per unit of radius, x 10^18)."""
    return pool.make([Tick.on(plane, 0) for plane in planes], (0,) * len(decimals), decimals, fee_ppm)


def add(before: Pool, tick: int, radius: int) -> Change:
    """Add `radius` (18 decimals) to a tick; at par if the pool is empty. Raises InvalidPool, a Conflict if refused."""
    new = _resize(before, tick, radius)
    resized = _compare(before, new, tick)
    is_first = not before.ladder.order
    if not is_first and not before.segment.radius:
        raise refusals.InsufficientLiquidity("No tick is interior: nothing can be added, only removed.")
    nobodys = resized.floor_growth
    needs = _at_par(before.n, radius) if is_first else _shares(before, resized, is_up=True)
    amounts = tuple(max(1, ceil_div(max(0, need - nobodys), before.scale(token))) for token, need in enumerate(needs))
    after = _move(before, new, amounts, 1)
    if not _keeps_sides(before, after, tick, resized) or not pool.is_good(after):
        raise refusals.StateRefused("After this the pool would not be in a good state, or another tick would cross.")
    return Change(after, amounts)


def remove(before: Pool, tick: int, radius: int) -> Change:
    """Take `radius` (18 decimals) out of a tick; the last radius of a pool takes everything. Raises InvalidPool.

    It is never refused for the state that it leaves: providers can always go.
    """
    new = _resize(before, tick, -radius)
    real = before.real_reserves
    if not new.order:
        gives = real
    else:
        resized = _compare(before, new, tick)
        shares = _shares(before, resized, is_up=False)
        gives = tuple(max(0, share - KEPT) + resized.floor_growth for share in shares)
    amounts = tuple(
        min(real[token] // before.scale(token), max(0, give // before.scale(token))) for token, give in enumerate(gives)
    )
    return Change(_move(before, new, amounts, -1), amounts)


def _resize(before: Pool, tick: int, radius: int) -> ladder.Ladder:
    ticks = list(before.ladder.ticks)
    if not 0 <= tick < len(ticks):
        raise refusals.InvalidPool("invalid_tick", f"The pool has {len(ticks)} ticks.")
    held = ticks[tick].radius + radius
    if radius == 0 or held < 0 or sum(one.radius for one in ticks) + radius >= pool.LIMIT:
        raise refusals.InvalidPool("invalid_radius", "A change of radius is not 0, and what is left is not below 0.")
    ticks[tick] = Tick.on(ticks[tick].plane, held)
    return ladder.Ladder(before.n, ticks)


def _compare(before: Pool, new: ladder.Ladder, tick: int) -> _Resized:
    n, old, now, segment = before.n, before.ladder.ticks[tick], new.ticks[tick], before.segment
    radius, level = abs(now.radius - old.radius), abs(now.level - old.level)
    if old.radius:
        is_boundary = not before.interior[tick]
    else:
        is_boundary = (before.total - segment.level) * radius >= level * segment.radius > 0
    chord = abs(now.chord(n) - old.chord(n))
    return _Resized(radius, level, chord, now.floor(n) - old.floor(n), is_boundary)


def _shares(before: Pool, resized: _Resized, *, is_up: bool) -> tuple[int, ...]:
    """The part of each virtual reserve that the changed radius stands for; up, and one wad more, or down."""
    n, total, segment, width = before.n, before.total, before.segment, ceil_sqrt(before.spread)
    shares = []
    for reserve in before.reserves:
        if resized.is_boundary:
            number, divisor = resized.level * width + resized.chord * (n * reserve - total), n * width
        elif not segment.level:
            number, divisor = resized.radius * reserve, segment.radius
        else:
            inside = width * (n * reserve - segment.level) - segment.chord * (n * reserve - total)
            number, divisor = resized.radius * inside, n * width * segment.radius
        number = max(0, number)
        shares.append(ceil_div(number, divisor) + 1 if is_up else number // divisor)
    return tuple(shares)


def _at_par(n: int, radius: int) -> tuple[int, ...]:
    """The equal-price reserves r*(1 - 1/sqrt(n))."""
    return (radius - math.isqrt(radius * radius // n),) * n


def _move(before: Pool, new: ladder.Ladder, amounts: tuple[int, ...], sign: int) -> Pool:
    real = before.real_reserves
    reserves = [new.floor + real[token] + sign * amount * before.scale(token) for token, amount in enumerate(amounts)]
    if max(reserves) >= pool.LIMIT:
        raise refusals.InvalidPool("invalid_radius", "Reserves stay below 2^120.")
    return pool.on(new, reserves, before.decimals, before.fee_ppm)


def _keeps_sides(before: Pool, after: Pool, tick: int, resized: _Resized) -> bool:
    """Whether every other tick stays on its side, and this one is where its share was reckoned."""
    sides = [one for index, one in enumerate(before.interior) if index != tick]
    now = after.interior
    return sides == [one for index, one in enumerate(now) if index != tick] and now[tick] != resized.is_boundary
