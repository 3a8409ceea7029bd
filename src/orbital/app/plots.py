"""Which picture of which pool: the price curve of a pair, or three tokens' reserves on the sphere."""

import enum
from collections.abc import Sequence
from typing import Final

from orbital.app import plot_curve, plot_sphere
from orbital.domain.errors import Rejected
from orbital.domain.orbital import liquidity, swap
from orbital.domain.orbital.pool import DECIMALS, TOKENS_MAX, Pool
from orbital.domain.orbital.tick import WAD, plane_of_price

RADIUS: Final = 10**6 * WAD
"""Of each tick of an example."""
PPM: Final = 10**6


class View(enum.StrEnum):
    """The two pictures."""

    CURVE = "curve"
    SPHERE = "sphere"


def example(n: int, prices_ppm: Sequence[int], sold_percent: int = 0) -> Pool:
    """A pool with a tick for each depeg price (millionths), filled at par; then some of token 0 is sold for the last.

    `sold_percent` is a part of what is there of it. Raises Rejected where the engine refuses.
    """
    if not 2 <= n <= TOKENS_MAX:  # before anything is made of so many
        raise Rejected("invalid_pool", f"A pool has 2 to {TOKENS_MAX:,} tokens.")
    planes = tuple(sorted({plane_of_price(n, price * WAD // PPM) for price in prices_ppm}))
    pool = liquidity.open_pool(planes, (DECIMALS,) * n)
    for tick in reversed(range(len(planes))):
        pool = liquidity.add(pool, tick, RADIUS).after
    if sold_percent:
        pool = swap.quote_exact_in(pool, 0, n - 1, pool.real_reserves[0] * sold_percent // 100).after
    return pool


def draw(pool: Pool, view: View, token: int, other: int) -> str:
    """The SVG: the price of `token` in `other`, or where selling `token` for `other` leads on the sphere.

    Raises Rejected for what can't be drawn, InsufficientLiquidity for a state without prices.
    """
    if token == other or not (0 <= token < pool.n and 0 <= other < pool.n):
        raise Rejected("invalid_token", "A pair is two different tokens of the pool.")
    if view is View.CURVE:
        return plot_curve.draw(pool, token, other)
    return plot_sphere.draw(pool, token, other)
