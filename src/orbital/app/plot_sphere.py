"""The reserves of three tokens on the sphere, with the planes of the ticks.

Each tick is drawn on one sphere: u_j = (r - x_j)/r, a unit vector whose parts are in the ratio of the prices. All
coins at par is the middle of the triangle; towards a corner one coin is worth everything, at an edge one is worth
nothing. A plane is a circle around the middle: the interior ticks share one point inside of their circles, a boundary
tick stays on its own. Positions come from the engine's states; only the projection is in floating point.
"""

import functools
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from orbital.app import svg
from orbital.domain.errors import Rejected
from orbital.domain.orbital import refusals, swap
from orbital.domain.orbital.pool import Pool
from orbital.domain.orbital.tick import WAD, Tick, price_of_plane

Vector = tuple[float, float, float]

STEPS: Final = 120
_LEGEND: Final = 10
_CENTRE: Final = (430.0, 360.0)
_SIZE: Final = 300.0
_NEAR: Final = 190.0
"""Pixels that the widest plane takes at least: narrow ones are seen from nearer."""
_TILT: Final = math.radians(24)
_ARC: Final = 48


def draw(pool: Pool, token_in: int, token_out: int) -> str:
    """The SVG: the state, and where selling ever more of `token_in` leads. Rejected for other than three tokens."""
    if pool.n != 3:
        raise Rejected("invalid_pool", "The sphere can be drawn for three tokens.")
    unnamed = f", of which {_LEGEND} are named" if len(pool.ladder.order) > _LEGEND else ""
    picture = svg.Drawing(
        "Reserves on the sphere",
        f"3 tokens, {len(pool.ladder.order)} ticks{unnamed}; the line is where selling token {token_in} for token "
        f"{token_out} leads",
    )
    seen_at = functools.partial(_project, _size(pool))
    _draw_octant(picture, seen_at)
    colours = {index: svg.COLOURS[(place + 1) % len(svg.COLOURS)] for place, index in enumerate(pool.ladder.order)}
    for index in pool.ladder.order:
        for arc in _circle(pool.ladder.ticks[index]):
            picture.line(map(seen_at, arc), colour=colours[index], width=1.6)
    states = [pool, *_sales(pool, token_in, token_out)]
    trail = [point for state in states if (point := _interior(state))]
    picture.line(map(seen_at, trail), colour=svg.COLOURS[0], width=2.5)
    for state, radius in ((states[-1], 4.0), (pool, 6.0)):
        for index, point in _beyond(state):
            picture.dot(seen_at(point), colour=colours[index], radius=radius)
    if trail:
        picture.dot(seen_at(trail[-1]), colour=svg.COLOURS[0], radius=4)
        picture.dot(seen_at(trail[0]), colour=svg.INK, radius=6)
    names = [(colours[index], _name(pool.ladder.ticks[index])) for index in pool.ladder.order[:_LEGEND]]
    picture.legend((52, 92), [(svg.INK, "now"), (svg.COLOURS[0], "the interior ticks, as it is sold"), *names])
    return picture.render()


def _sales(pool: Pool, token_in: int, token_out: int) -> Iterator[Pool]:
    """The states after greater and greater sales, in even parts of the greatest."""
    low, high = 0, 10 * pool.real_reserves[token_in] // pool.scale(token_in)
    for _ in range(40):
        middle = (low + high) // 2
        low, high = (middle, high) if _after(pool, token_in, token_out, middle) else (low, middle)
    for step in range(1, STEPS + 1):
        state = _after(pool, token_in, token_out, low * step // STEPS)
        if state:
            yield state


def _after(pool: Pool, token_in: int, token_out: int, amount: int) -> Pool | None:
    try:
        return swap.quote_exact_in(pool, token_in, token_out, amount).after
    except (refusals.InsufficientLiquidity, refusals.InvalidTrade):
        return None


def _beyond(pool: Pool) -> Iterator[tuple[int, Vector]]:
    """Each boundary tick's place on its circle: x = K/n + S*(n*x_j - sum)/(n*W)."""
    width, n = math.sqrt(max(1, pool.spread)), pool.n
    for index in pool.ladder.order[: pool.ladder.count_boundary(pool.total)]:
        tick = pool.ladder.ticks[index]
        chord = tick.chord(n)
        parts = [(tick.level / n + chord * (n * x - pool.total) / (n * width)) / tick.radius for x in pool.reserves]
        yield index, (1 - parts[0], 1 - parts[1], 1 - parts[2])


def _interior(pool: Pool) -> Vector | None:
    """The place of all interior ticks: what the boundary ones don't hold, by their radius."""
    segment = pool.segment
    if not segment.radius:
        return None
    left = [float(x) for x in pool.reserves]
    for index, point in _beyond(pool):
        radius = pool.ladder.ticks[index].radius
        left = [x - (1 - u) * radius for x, u in zip(left, point, strict=True)]
    return 1 - left[0] / segment.radius, 1 - left[1] / segment.radius, 1 - left[2] / segment.radius


def _project(size: float, point: Vector) -> svg.Point:
    """Seen from above the equal-price point, tilted towards the reader: token 0 up, 1 right, 2 left."""
    a, b, c = point
    right, up = (b - c) / math.sqrt(2), (2 * a - b - c) / math.sqrt(6)
    height = (a + b + c) / math.sqrt(3)
    seen = up * math.cos(_TILT) + (height - 1) * math.sin(_TILT)
    return _CENTRE[0] + size * right, _CENTRE[1] - size * seen


def _size(pool: Pool) -> float:
    """Pixels of the sphere's radius."""
    widest = pool.ladder.ticks[pool.ladder.order[-1]]
    return max(_SIZE, _NEAR / max(1e-6, _reach(_height(widest))))


def _height(tick: Tick) -> float:
    """Of the plane above the sphere's centre, along the line of equal prices."""
    return (3 - tick.level / tick.radius) / math.sqrt(3)


def _reach(height: float) -> float:
    """The radius of a plane's circle."""
    return math.sqrt(max(0.0, 1 - height * height))


def _circle(tick: Tick) -> Iterable[list[Vector]]:
    """A plane's circle, without the parts where a price would be below 0."""
    height = _height(tick)
    reach = _reach(height)
    turns = [2 * math.pi * step / 360 for step in range(361)]
    points = [_at(height, reach, turn) for turn in turns]
    groups = itertools.groupby(points, key=lambda point: min(point) > -1e-4)
    return [list(group) for is_seen, group in groups if is_seen]


def _at(height: float, reach: float, turn: float) -> Vector:
    x, y = reach * math.cos(turn), reach * math.sin(turn)
    middle, right, up = height / math.sqrt(3), x / math.sqrt(2), y / math.sqrt(6)
    return middle + 2 * up, middle + right - up, middle - right - up


def _draw_octant(picture: svg.Drawing, seen_at: Callable[[Vector], svg.Point]) -> None:
    """The triangle on the sphere, with arcs on which two prices keep their ratio."""
    corners: list[Vector] = [(1, 0, 0), (0, 1, 0), (0, 0, 1)]
    edges = [_arc(corners[place], corners[(place + 1) % 3]) for place in range(3)]
    outline = [seen_at(point) for edge in edges for point in edge]
    picture.line(outline, colour=svg.QUIET, width=1.5, fill="#f8fafc")
    for place, edge in enumerate(edges):
        for step in range(4, _ARC, 4):
            meridian = _arc(corners[(place + 2) % 3], edge[step])
            picture.line(map(seen_at, meridian), colour=svg.GRID, width=0.8)
    for place, (shift, anchor) in enumerate((((0, -12), "middle"), ((0, 22), "middle"), ((0, 22), "middle"))):
        x, y = seen_at(corners[place])
        if 0 < x < svg.WIDTH and 0 < y < svg.HEIGHT:
            picture.text((x + shift[0], y + shift[1]), f"token {place} alone has value", anchor=anchor)


def _arc(start: Vector, end: Vector) -> list[Vector]:
    """The great circle between two unit vectors."""
    angle = math.acos(sum(a * b for a, b in zip(start, end, strict=True)))
    points: list[Vector] = []
    for step in range(_ARC + 1):
        near, far = math.sin(angle * (1 - step / _ARC)), math.sin(angle * step / _ARC)
        x, y, z = ((near * a + far * b) / math.sin(angle) for a, b in zip(start, end, strict=True))
        points.append((x, y, z))
    return points


def _name(tick: Tick) -> str:
    return f"plane of the tick that ends at {price_of_plane(3, tick.plane) / WAD:.4g}"
