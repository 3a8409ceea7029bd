"""The ticks of a pool in the order of their planes, with everything that their sums say.

Which ticks are boundary follows from sum(x) alone: a tick is one when
(sum(x) - K_b)*r >= K*r_int, and since K/r ascends the boundary ticks are a prefix that only grows with sum(x). So the
sums at which ticks cross are kept, and the side of every tick is one bisection. For each possible prefix a `Segment`
has the consolidated sums: a swap that stays inside one costs the same for any number of ticks and tokens.
"""

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from orbital.domain.orbital.roots import ceil_div
from orbital.domain.orbital.tick import Tick


@dataclass(frozen=True, slots=True)
class Segment:
    """The torus while the same ticks are boundary: `level` and `chord` are their sums, `radius` that of the others.

    (sum(x) - level - n*radius)^2 + (W - chord)^2 <= n*radius^2, W = sqrt(n*sum(x^2) - sum(x)^2). `spread` is W^2.
    """

    radius: int
    level: int
    chord: int
    top: int  # n * radius + level: sum(x) where the interior sphere has its middle
    ball: int  # n * radius^2
    hole: int  # chord^2
    inner: int  # (chord - 1)^2, -1 without a boundary tick: a spread up to it is surely inside the hole

    def section(self, total: int) -> int:
        """The square of what the interior ticks can spread at this sum(x); below 0 outside of them."""
        return self.ball - (self.top - total) ** 2

    def is_deep(self, total: int, spread: int) -> bool:
        """Whether the state is so far inside that the torus says nothing: more can still be paid out."""
        return total >= self.top or spread <= self.inner

    def is_reached(self, total: int, spread: int) -> bool:
        """The inequality in real numbers, decided exactly; true for deep states.

        Along a swap it holds up to one amount and fails above, which the rounded one does not to the last wad.
        """
        gap = self.top - total
        if gap <= 0 or spread <= self.inner:
            return True
        section = self.ball - gap * gap
        if section < 0:
            return False
        excess = spread - self.hole - section
        return excess <= 0 or excess * excess <= 4 * self.hole * section

    def is_good(self, total: int, spread: int) -> bool:
        """The inequality with W rounded up, for a state that is not deep."""
        section = self.section(total)
        if section < 0 or self.is_deep(total, spread):
            return False
        return spread <= (self.chord + math.isqrt(section)) ** 2


class Ladder:
    """All ticks of a pool of `n` tokens; swaps share it. `floor` is the reserve of each token that nobody brings."""

    __slots__ = ("crossings", "floor", "n", "order", "segments", "ticks")

    def __init__(self, n: int, ticks: Sequence[Tick]) -> None:
        self.n = n
        self.ticks = tuple(ticks)
        held = [index for index, tick in enumerate(ticks) if tick.radius]
        # K/r to 256 bits and beyond: equal planes are neighbours in any order.
        self.order = tuple(sorted(held, key=lambda index: (ticks[index].level << 320) // ticks[index].radius))
        ordered = [ticks[index] for index in self.order]
        self.floor = sum(tick.floor(n) for tick in ordered)
        passed = list(
            itertools.accumulate(
                ((tick.radius, tick.level, tick.chord(n)) for tick in ordered),
                lambda left, right: (left[0] + right[0], left[1] + right[1], left[2] + right[2]),
                initial=(0, 0, 0),
            )
        )
        all_radius = passed[-1][0]
        self.segments = tuple(_segment(n, all_radius - radius, level, chord) for radius, level, chord in passed)
        self.crossings = tuple(
            segment.level + ceil_div(tick.level * segment.radius, tick.radius)
            for tick, segment in zip(ordered, self.segments, strict=False)
        )

    def count_boundary(self, total: int) -> int:
        """How many ticks, in the order of their planes, are boundary at this sum(x)."""
        return bisect.bisect_right(self.crossings, total)

    def at(self, total: int) -> Segment:
        """The segment with the flags that this sum(x) itself has."""
        return self.segments[bisect.bisect_right(self.crossings, total)]


def _segment(n: int, radius: int, level: int, chord: int) -> Segment:
    # Without an interior tick every sum(x) that has this segment is at least the level: the state is deep.
    inner = (chord - 1) ** 2 if chord else -1
    return Segment(radius, level, chord, n * radius + level, n * radius * radius, chord * chord, inner)
