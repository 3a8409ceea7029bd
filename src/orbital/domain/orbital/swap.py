"""Swaps: the amount out is the greatest whose end state is good.

It does not depend on the path, so nothing walks along one. `search` finds the greatest amount that the inequality in
real numbers allows; from there the last wads go down to the first state that is good with its roundings. The contract
does the same and gives the same integer.

A quote costs the same for any number of tokens; the pool after it is built only when it is asked for.
"""

from dataclasses import dataclass
from typing import Final

from orbital.domain.orbital import refusals
from orbital.domain.orbital.pool import LIMIT, PPM, Pool
from orbital.domain.orbital.roots import ceil_div
from orbital.domain.orbital.search import Search, find_last

ROUNDINGS_MAX: Final = 10_000
"""Units of input over which the roundings of a good state can move the least one."""


@dataclass(frozen=True, slots=True)
class Swap:
    """A trade against `before`. Amounts are in the tokens' own units; `fee` is part of `amount_in`."""

    before: Pool
    token_in: int
    token_out: int
    amount_in: int
    amount_out: int
    fee: int

    @property
    def net_in(self) -> int:
        """What comes into the reserves, at 18 decimals."""
        return (self.amount_in - self.fee) * self.before.scale(self.token_in)

    @property
    def paid_out(self) -> int:
        """What leaves the reserves, at 18 decimals."""
        return self.amount_out * self.before.scale(self.token_out)

    @property
    def crossings(self) -> int:
        """How many ticks end on another side of their planes."""
        ladder, total = self.before.ladder, self.before.total
        return abs(ladder.count_boundary(total + self.net_in - self.paid_out) - ladder.count_boundary(total))

    @property
    def after(self) -> Pool:
        """The pool once the trade is done; this copies the reserves."""
        old, reserves = self.before, list(self.before.reserves)
        reserves[self.token_in] += self.net_in
        reserves[self.token_out] -= self.paid_out
        squares = old.squares
        for token in (self.token_in, self.token_out):
            squares += reserves[token] ** 2 - old.reserves[token] ** 2
        total = old.total + self.net_in - self.paid_out
        return Pool(old.ladder, tuple(reserves), old.decimals, old.fee_ppm, total, squares)


def fee_of(amount_in: int, fee_ppm: int) -> int:
    """The part of an input that is the fee, rounded up."""
    return ceil_div(amount_in * fee_ppm, PPM)


def quote_exact_in(pool: Pool, token_in: int, token_out: int, amount_in: int) -> Swap:
    """What `amount_in` (the token's own units, fee included) buys now. Raises InvalidTrade, InsufficientLiquidity."""
    _check(pool, token_in, token_out, amount_in)
    fee = fee_of(amount_in, pool.fee_ppm)
    if fee == amount_in:
        raise refusals.InvalidTrade("invalid_amount", "Nothing is left of the input after the fee.")
    added = (amount_in - fee) * pool.scale(token_in)
    search = _with_input(pool, token_in, token_out, added)
    most = max(0, search.reserve - pool.ladder.floor) // search.scale
    amount_out = _settle(search, find_last(search, most, added // search.scale))
    if amount_out == 0:
        raise refusals.InvalidTrade("invalid_amount", "The input buys less than one unit of the output token.")
    return Swap(pool, token_in, token_out, amount_in, amount_out, fee)


def quote_exact_out(pool: Pool, token_in: int, token_out: int, amount_out: int) -> Swap:
    """The least input that buys at least `amount_out`. Raises InvalidTrade, InsufficientLiquidity.

    The swap that is returned pays what that input buys: more than was asked for where a unit of input is worth more
    than a unit of output.
    """
    _check(pool, token_in, token_out, amount_out)
    paid, reserve, scale = amount_out * pool.scale(token_out), pool.reserves[token_in], pool.scale(token_in)
    left = pool.reserves[token_out] - paid
    if left < pool.ladder.floor:
        raise refusals.InsufficientLiquidity("The pool does not have that much.")
    squares = pool.squares - pool.reserves[token_out] ** 2 + left * left - reserve * reserve
    most = (LIMIT - 1 - reserve) // scale
    search = Search(pool.ladder, pool.total - paid, squares, reserve, scale, 1)
    net = find_last(search, most, paid // scale) + 1
    if net > most:
        raise refusals.InsufficientLiquidity("The pool can't pay that much at any price.")
    return _least(pool, token_in, token_out, ceil_div(max(1, net) * PPM, PPM - pool.fee_ppm), amount_out)


def _least(pool: Pool, token_in: int, token_out: int, near: int, wanted: int) -> Swap:
    """The least input that buys `wanted`: at `near`, or within the roundings of it."""
    found, amount = _buy(pool, token_in, token_out, near), near
    while found is None or found.amount_out < wanted:
        amount += 1
        if amount - near > ROUNDINGS_MAX:
            raise refusals.InsufficientLiquidity("The pool has no price where this trade would end.")
        found = _buy(pool, token_in, token_out, amount)
    while amount > 1 and (cheaper := _buy(pool, token_in, token_out, amount - 1)) and cheaper.amount_out >= wanted:
        found, amount = cheaper, amount - 1
    return found


def _buy(pool: Pool, token_in: int, token_out: int, amount_in: int) -> Swap | None:
    """An exact input's swap, None where it is too small for a unit of output."""
    try:
        return quote_exact_in(pool, token_in, token_out, amount_in)
    except refusals.InvalidTrade:
        return None


def _check(pool: Pool, token_in: int, token_out: int, amount: int) -> None:
    if not (0 <= token_in < pool.n and 0 <= token_out < pool.n) or token_in == token_out:
        raise refusals.InvalidTrade("invalid_token", "A swap is between two different tokens of the pool.")
    if not 0 < amount < LIMIT:
        raise refusals.InvalidTrade("invalid_amount", "An amount is above 0 and below 2^120.")


def _with_input(pool: Pool, token_in: int, token_out: int, added: int) -> Search:
    """What may still be taken of the output token once `added` wads of input are in."""
    before, reserve = pool.reserves[token_in], pool.reserves[token_out]
    grown = before + added
    if grown >= LIMIT:
        raise refusals.InvalidTrade("invalid_amount", "The input's reserve would not stay below 2^120.")
    squares = pool.squares + grown * grown - before * before - reserve * reserve
    return Search(pool.ladder, pool.total + added, squares, reserve, pool.scale(token_out), -1)


def _settle(search: Search, amount: int) -> int:
    """The greatest amount up to `amount` whose end state is good; InsufficientLiquidity where there is none."""
    while amount >= 0:
        total, spread = search.sums(amount)
        segment = search.ladder.at(total)
        if segment.is_deep(total, spread):
            break
        if segment.is_good(total, spread):
            return amount
        amount -= 1
    raise refusals.InsufficientLiquidity("The pool has no price where this trade would end.")
