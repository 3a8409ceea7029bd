"""What a state says of prices: of pairs, how deep they are, and what a trade does to them.

A price is a ratio at 18 decimals. The surface's slope gives it: with g_j = (sum(x) - n*x_j)/W + gap/R, which is
proportional to the interior ticks' r - x_j, the price of token j in token i is g_j/g_i. A coin that fell so far that
its slope is not above 0 has the price 0.
"""

import math
from collections.abc import Sequence
from typing import Final

from orbital.domain.orbital import refusals, swap
from orbital.domain.orbital.pool import Pool
from orbital.domain.orbital.swap import Swap
from orbital.domain.orbital.tick import WAD

FINE_BITS: Final = 64
BPS: Final = 10_000
_PAR_SLOPE: Final = 1 << 512


def slopes(pool: Pool, tokens: Sequence[int]) -> list[int]:
    """The slopes of these tokens, in one common unit; at least 0. InsufficientLiquidity without an interior tick."""
    if not all(0 <= token < pool.n for token in tokens):
        raise refusals.InvalidTrade("invalid_token", f"The pool has {pool.n} tokens.")
    segment, total, spread = pool.segment, pool.total, pool.spread
    section = segment.section(total)
    if segment.is_deep(total, spread):
        raise refusals.InsufficientLiquidity("The pool has no price in this state.")
    if spread == 0 or section <= 0:  # the interior ticks stand at par, but for the last wad
        return [_PAR_SLOPE] * len(tokens)
    width, reach = math.isqrt(spread << 2 * FINE_BITS), math.isqrt(section << 2 * FINE_BITS)
    gap = (segment.top - total) * width
    return [max(0, (total - pool.n * pool.reserves[token]) * reach + gap) for token in tokens]


def price(pool: Pool, token: int, quoted_in: int) -> int:
    """How many `quoted_in` a `token` is worth at the margin, without fee, x 10^18, rounded down."""
    of, unit = slopes(pool, (token, quoted_in))
    if unit == 0:
        raise refusals.InsufficientLiquidity("The price of the other coin is 0.")
    return of * WAD // unit


def price_matrix(pool: Pool) -> list[list[int | None]]:
    """Row i, column j: how many j an i is worth, x 10^18; None where j is worth nothing."""
    found = slopes(pool, range(pool.n))
    return [[of * WAD // unit if unit else None for unit in found] for of in found]


def impact_bps(done: Swap) -> int:
    """By how much the trade's price is worse than the marginal one before it, without the fee; in bps, rounded up."""
    at_margin = done.net_in * price(done.before, done.token_in, done.token_out)
    return max(0, -(-(at_margin - done.paid_out * WAD) * BPS // at_margin)) if at_margin > 0 else 0


def depth(pool: Pool, token_in: int, token_out: int, bps: int) -> int:
    """The greatest input (own units, fee included) that lowers the price of `token_in` by at most `bps`.

    To a millionth; all that the pool can take is less than sum(x), so that is where the search begins.
    """
    floor = price(pool, token_in, token_out) * (BPS - bps) // BPS
    low, high = 0, max(1, pool.total // pool.scale(token_in))
    while high - low > max(1, high >> 20):
        middle = (low + high) // 2
        low, high = (middle, high) if _holds(pool, token_in, token_out, middle, floor) else (low, middle)
    return low


def _holds(pool: Pool, token_in: int, token_out: int, amount_in: int, floor: int) -> bool:
    """Whether the price is still at least `floor` after this input; an input that buys nothing changes none."""
    try:
        after = swap.quote_exact_in(pool, token_in, token_out, amount_in).after
        return price(after, token_in, token_out) >= floor
    except refusals.InvalidTrade:
        return amount_in < pool.scale(token_out) // pool.scale(token_in) + 2
    except refusals.InsufficientLiquidity:
        return False
