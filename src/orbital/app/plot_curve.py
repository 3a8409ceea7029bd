"""The price curve of a pair: what one more token sells for, after selling or buying more and more of it.

Every point is a swap of the engine and the marginal price of the state it leaves. The lines where the curve bends are
the amounts at which ticks cross, found to a thousandth of the picture's width.
"""

import itertools
from collections.abc import Callable
from typing import Final, NamedTuple

from orbital.app import svg
from orbital.domain.orbital import prices, refusals, swap
from orbital.domain.orbital.pool import Pool
from orbital.domain.orbital.tick import WAD, price_of_plane

POINTS: Final = 160
LOWEST: Final = 0.5
"""The picture ends where the price has fallen to this part of what it was."""
_HALVINGS: Final = 40
_LEGEND: Final = 9
_LEFT, _RIGHT, _TOP, _BOTTOM = 90, 770, 150, 530


class Sample(NamedTuple):
    """`sold` is a part of the token's real reserve; `beyond` says how many ticks are at their planes then."""

    sold: float
    price: float
    beyond: int


Look = Callable[[int], Sample | None]


def draw(pool: Pool, token: int, quoted_in: int) -> str:
    """The SVG. Raises InsufficientLiquidity for a state without prices, InvalidTrade for tokens it has not."""
    samples = [*reversed(_walk(pool, quoted_in, token, is_bought=True)), *_walk(pool, token, quoted_in)]
    unnamed = f", of which {_LEGEND} are named" if len(pool.ladder.order) > _LEGEND else ""
    picture = svg.Drawing(
        f"Price of token {token} in token {quoted_in}",
        f"{pool.n} tokens, {len(pool.ladder.order)} ticks{unnamed}; the price at the margin, before the fee",
    )
    across = svg.Scale(samples[0].sold, samples[-1].sold, _LEFT, _RIGHT)
    up = svg.Scale(min(one.price for one in samples), max(one.price for one in samples), _BOTTOM, _TOP)
    _draw_axes(picture, across, up, token, quoted_in)
    picture.line(((across.at(one.sold), up.at(one.price)) for one in samples), colour=svg.COLOURS[0], width=2.5)
    _draw_planes(picture, across, up, samples, pool)
    now = prices.price(pool, token, quoted_in) / WAD
    picture.dot((across.at(0), up.at(now)), colour=svg.INK, radius=5)
    picture.text((across.at(0) + 10, up.at(now) - 8), f"now {now:.5f}", weight=600)
    return picture.render()


def _walk(pool: Pool, given: int, taken: int, *, is_bought: bool = False) -> list[Sample]:
    """From the state as it is to where the price has fallen to `LOWEST`, with each crossing on both sides."""
    first = prices.price(pool, given, taken) / WAD
    real = pool.real_reserves

    def look(amount: int) -> Sample | None:
        try:
            done = swap.quote_exact_in(pool, given, taken, amount)
            after = done.after
            price = prices.price(after, given, taken) / WAD
        except (refusals.InsufficientLiquidity, refusals.InvalidTrade):
            return None
        if price < first * LOWEST or price == 0:
            return None
        beyond = pool.ladder.count_boundary(after.total)
        if is_bought:
            return Sample(-done.amount_out * pool.scale(taken) / real[taken], 1 / price, beyond)
        return Sample(done.net_in / real[given], price, beyond)

    last = _last(look, real[given] // pool.scale(given) * 10)
    found = {amount: one for step in range(1, POINTS + 1) if (one := look(amount := last * step // POINTS))}
    low = 0
    for high in sorted(found):
        found |= _bends(look, low, high, pool.ladder.count_boundary(pool.total) if low == 0 else found[low].beyond)
        low = high
    return [found[amount] for amount in sorted(found)]


def _last(look: Look, most: int) -> int:
    """The greatest amount that can be seen."""
    low, high = 0, most
    for _ in range(_HALVINGS):
        middle = (low + high) // 2
        low, high = (middle, high) if look(middle) else (low, middle)
    return low


def _bends(look: Look, low: int, high: int, beyond: int) -> dict[int, Sample]:
    """The samples at which ticks cross between two amounts; `beyond` is how many are at `low`."""
    bends: dict[int, Sample] = {}
    end = look(high)
    while end and end.beyond != beyond:
        left, right = low, high
        while right - left > max(1, (high - low) >> 10):
            middle = (left + right) // 2
            one = look(middle)
            left, right = (middle, right) if one and one.beyond == beyond else (left, middle)
        bend = look(right)
        if bend is None or right == low:
            break
        bends[right], low, beyond = bend, right, bend.beyond
    return bends


def _draw_axes(picture: svg.Drawing, across: svg.Scale, up: svg.Scale, token: int, quoted_in: int) -> None:
    percent = across._replace(low=across.low * 100, high=across.high * 100)
    for value in percent.steps(8):
        x = percent.at(value)
        picture.line([(x, _TOP), (x, _BOTTOM)], colour=svg.GRID)
        picture.text((x, _BOTTOM + 18), f"{value:+.3g} %".replace("+0 ", "0 "), colour=svg.QUIET, anchor="middle")
    for value in up.steps(8):
        picture.line([(_LEFT, up.at(value)), (_RIGHT, up.at(value))], colour=svg.GRID)
        picture.text((_LEFT - 8, up.at(value) + 4), f"{value:.4g}", colour=svg.QUIET, anchor="end")
    middle = (_LEFT + _RIGHT) / 2
    words = f"token {token} sold to the pool (-: bought), as a part of what is there now"
    picture.text((middle, _BOTTOM + 44), words, anchor="middle")
    picture.text((30, (_TOP + _BOTTOM) / 2), f"token {quoted_in} for one token {token}", anchor="middle", turned=True)


def _draw_planes(picture: svg.Drawing, across: svg.Scale, up: svg.Scale, samples: list[Sample], pool: Pool) -> None:
    """A line where a tick reaches its plane; ticks are named by their depeg price in one colour each."""
    colours = dict(zip(pool.ladder.order, _cycle(len(pool.ladder.order)), strict=True))
    for before, after in itertools.pairwise(samples):
        low, high = sorted((before.beyond, after.beyond))
        for index in pool.ladder.order[low:high]:
            x, y = across.at(after.sold), up.at(after.price)
            picture.line([(x, _TOP), (x, _BOTTOM)], colour=colours[index], dash="4 4")
            picture.dot((x, y), colour=colours[index])
    rows = [(colours[index], _name(pool, index)) for index in pool.ladder.order[:_LEGEND]]
    for column in range(0, len(rows), 3):
        picture.legend((_LEFT + 230 * (column // 3), 86), rows[column : column + 3])


def _name(pool: Pool, index: int) -> str:
    """A tick by its depeg price."""
    tick = pool.ladder.ticks[index]
    return f"tick that ends at {price_of_plane(pool.n, tick.plane) / WAD:.4g}"


def _cycle(count: int) -> list[str]:
    return [svg.COLOURS[(number + 1) % len(svg.COLOURS)] for number in range(count)]
