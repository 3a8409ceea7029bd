"""A pool as a value: reserves, ticks, fee, and whether the state is good.

Reserves are virtual and at 18 decimals; the real ones are what is above `ladder.floor`. sum(x) and sum(x^2) are kept,
so nothing that trades looks at all tokens. A state is good when the torus inequality holds with its own flags, an
interior tick is left, and no real reserve is below zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orbital.domain.orbital import refusals
from orbital.domain.orbital.ladder import Ladder, Segment
from orbital.domain.orbital.tick import Tick

TOKENS_MAX: Final = 10_000
TICKS_MAX: Final = 10_000
LIMIT: Final = 2**120
"""Reserves and the sum of all radii stay below it, here and on chain."""
DECIMALS: Final = 18
PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pool:
    """A state of a pool. `total` is sum(x), `squares` sum(x^2); make one with `make`."""

    ladder: Ladder
    reserves: Sequence[int]
    decimals: Sequence[int]
    fee_ppm: int
    total: int
    squares: int

    @property
    def n(self) -> int:
        return self.ladder.n

    @property
    def segment(self) -> Segment:
        """The consolidated ticks, with the flags of this state."""
        return self.ladder.at(self.total)

    @property
    def spread(self) -> int:
        """n*sum(x^2) - sum(x)^2, the square of W."""
        return self.n * self.squares - self.total * self.total

    @property
    def interior(self) -> tuple[bool, ...]:
        """For each tick whether it is interior; an empty one is."""
        passed = set(self.ladder.order[: self.ladder.count_boundary(self.total)])
        return tuple(index not in passed for index in range(len(self.ladder.ticks)))

    @property
    def real_reserves(self) -> tuple[int, ...]:
        """What is really there of each token, at 18 decimals."""
        return tuple(reserve - self.ladder.floor for reserve in self.reserves)

    def scale(self, token: int) -> int:
        """One unit of the token at 18 decimals."""
        return int(10 ** (DECIMALS - self.decimals[token]))


def make(
    ticks: Sequence[Tick], reserves: Sequence[int], decimals: Sequence[int] | None = None, fee_ppm: int = 0
) -> Pool:
    """A pool of virtual reserves at 18 decimals, all tokens with 18 decimals unless said. Raises InvalidPool."""
    n = len(reserves)
    decimals = (DECIMALS,) * n if decimals is None else tuple(decimals)
    if not 2 <= n <= TOKENS_MAX or len(decimals) != n or not 1 <= len(ticks) <= TICKS_MAX:
        raise refusals.InvalidPool("invalid_pool", "A pool has 2 to 10,000 tokens and 1 to 10,000 ticks.")
    if not (0 <= fee_ppm < PPM and all(0 <= one <= DECIMALS for one in decimals)):
        raise refusals.InvalidPool("invalid_pool", "The fee is below 100 % and tokens have at most 18 decimals.")
    if not all(0 <= one < LIMIT for one in reserves) or sum(tick.radius for tick in ticks) >= LIMIT:
        raise refusals.InvalidPool("invalid_reserves", "Reserves and radii are at least 0 and below 2^120.")
    for tick in ticks:
        if tick.radius:
            tick.validate(n)
    return on(Ladder(n, ticks), reserves, decimals, fee_ppm)


def on(ladder: Ladder, reserves: Sequence[int], decimals: Sequence[int], fee_ppm: int) -> Pool:
    """A pool on ticks that are known to be valid."""
    return Pool(ladder, tuple(reserves), decimals, fee_ppm, sum(reserves), sum(one * one for one in reserves))


def is_good(pool: Pool) -> bool:
    """Whether the state may stand: what the contract requires after every trade."""
    return pool.segment.is_good(pool.total, pool.spread) and min(pool.reserves) >= pool.ladder.floor
