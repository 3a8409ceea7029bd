"""Finds where a trade meets the surface: the last amount on the right side of the inequality in real numbers.

One token's reserve moves, everything else stands. On a sphere the answer is a formula; on a torus it is Newton within
a bracket. Each trial has the flags of its own sum(x), so any number of ticks is crossed in one step, and since every
trial is decided exactly, a bad start or step costs time and never the answer.
"""

import math
from typing import Final, NamedTuple

from orbital.domain.orbital.ladder import Ladder, Segment
from orbital.domain.orbital.pool import LIMIT

NEWTON_STEPS: Final = 24
"""Of Newton before halving takes over; from a fair start it takes three or four."""
STEPS_MAX: Final = NEWTON_STEPS + 2 * LIMIT.bit_length()
FINE_BITS: Final = 32
"""Below the wad, for the roots inside a step of Newton."""


class Search(NamedTuple):
    """A pool in which `reserve` of one token grows (`sign` 1) or shrinks (-1) by amounts of `scale` wads."""

    ladder: Ladder
    total: int  # sum(x) before anything moves
    squares: int  # sum(x^2) of the other tokens
    reserve: int
    scale: int
    sign: int

    def sums(self, amount: int) -> tuple[int, int]:
        """sum(x) and n*sum(x^2) - sum(x)^2 with this amount moved."""
        moved = self.sign * amount * self.scale
        rest, total = self.reserve + moved, self.total + moved
        return total, self.ladder.n * (self.squares + rest * rest) - total * total


def find_last(search: Search, most: int, start: int) -> int:
    """The greatest amount from 0 to `most` that is reached when the token shrinks, -1 if none is.

    When it grows: the greatest that is *not* reached, so that the next one is the least that is.
    """
    low, high, amount = -1, most + 1, start
    segment = search.ladder.at(search.total)
    if segment.chord == 0:
        found = _on_sphere(search, segment)
        amount = start if found is None else found
    n, squares, reserve, scale, sign = search.ladder.n, search.squares, search.reserve, search.scale, search.sign
    for step in range(STEPS_MAX):
        if high - low <= 1:
            break
        amount = min(max(amount, low + 1), high - 1)
        moved = sign * amount * scale
        rest, total = reserve + moved, search.total + moved
        spread = n * (squares + rest * rest) - total * total
        segment = search.ladder.at(total)
        if segment.is_reached(total, spread) == (sign < 0):
            low = amount
        else:
            high = amount
        better = None
        if segment.chord == 0:
            better = _on_sphere(search, segment)
        elif step < NEWTON_STEPS:
            better = _along_tangent(search, segment, rest, total, spread)
        amount = (low + high) // 2 if better is None or step >= NEWTON_STEPS else better
    return low


def _along_tangent(search: Search, segment: Segment, rest: int, total: int, spread: int) -> int | None:
    """A step of Newton on f = W - chord - R, R = sqrt(section): df/dx = (n*x - sum)/W - gap/R; None without a slope."""
    gap = segment.top - total
    section = segment.ball - gap * gap
    if section <= 0 or gap <= 0 or spread <= segment.inner:
        return None
    reach, width = math.isqrt(section << 2 * FINE_BITS), math.isqrt(spread << 2 * FINE_BITS)
    slope = (search.ladder.n * rest - total) * reach - gap * width
    if slope >= 0:
        return None
    excess = width - (segment.chord << FINE_BITS) - reach
    step = (excess * width * reach // slope) >> 2 * FINE_BITS
    return search.sign * (rest - step - search.reserve) // search.scale


def _on_sphere(search: Search, segment: Segment) -> int | None:
    """Without a boundary tick: x = r - sqrt(r^2 - sum of (r - x)^2 over the other tokens)."""
    radius, others = segment.radius, search.total - search.reserve
    square = radius * (radius + 2 * others) - (search.ladder.n - 1) * radius * radius - search.squares
    if radius == 0 or square < 0:
        return None
    return search.sign * (radius - math.isqrt(square) - search.reserve) // search.scale
