"""One tick: a sphere of liquidity that ends at a plane.

`radius` and `level` are at 18 decimals. `level` is sum(x) at the plane, the page's k times sqrt(n), so that sqrt(n)
never appears. `plane` is the level of one unit of radius (x 10^18): it stays while providers come and go.
Source: White, Robinson, Moallemi, "Orbital", Paradigm, June 2025.
"""

import math
from dataclasses import dataclass
from typing import Final

from orbital.domain.orbital import refusals
from orbital.domain.orbital.roots import ceil_div, ceil_sqrt

WAD: Final = 10**18
NARROWEST_PRICE: Final = WAD * 9999 // 10_000
"""The depeg price of the narrowest tick that is allowed."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A tick of a pool; without radius it is empty and has no part in anything."""

    radius: int
    level: int
    plane: int

    @classmethod
    def on(cls, plane: int, radius: int) -> "Tick":
        """A tick of this radius on a plane that is given per unit of radius."""
        return cls(radius, plane * radius // WAD, plane)

    @classmethod
    def at(cls, radius: int, level: int) -> "Tick":
        """A tick that is given by its level."""
        return cls(radius, level, level * WAD // radius if radius else 0)

    def chord(self, n: int) -> int:
        """sqrt(n) times the radius of the sphere inside the plane, rounded down."""
        depth = n * self.radius - self.level
        return math.isqrt(max(0, n * self.radius**2 - depth**2))

    def floor(self, n: int) -> int:
        """The least reserve of any token inside the tick, which no provider brings; rounded down.

        x_min = r - (c + sqrt((n - 1)*(n*r^2 - c^2)))/n with c = n*r - K.
        """
        if not self.radius:
            return 0
        depth = n * self.radius - self.level
        root = ceil_sqrt((n - 1) * max(0, n * self.radius**2 - depth**2))
        return max(0, self.radius - ceil_div(depth + root, n))

    def validate(self, n: int) -> None:
        """InvalidPool unless r*(sqrt(n) - 1) < k <= r*(n - 1)/sqrt(n)."""
        depth = n * self.radius - self.level
        if self.radius <= 0 or self.level <= 0:
            raise refusals.InvalidPool("invalid_radius", "A tick's radius and plane are positive.")
        if not self.radius <= depth or depth**2 >= n * self.radius**2:
            raise refusals.InvalidPool("invalid_plane", "A plane lies between the equal-price point and a price of 0.")


def plane_of_price(n: int, price: int) -> int:
    """The plane (per unit of radius, x 10^18, rounded up) left when one of `n` coins falls to `price`, the rest at par.

    k(p)/r * sqrt(n) = n - (p + n - 1)/sqrt(p^2 + n - 1), `price` x 10^18. InvalidPool above 0.9999 or below 0.
    """
    if not 0 <= price <= NARROWEST_PRICE:
        raise refusals.InvalidPool("invalid_plane", "A tick's depeg price is at least 0 and at most 0.9999.")
    others = (n - 1) * WAD
    root = math.isqrt((price + others) ** 2 * WAD**2 // (price**2 + others * WAD))
    return min(n * WAD - root, (n - 1) * WAD)


def price_of_plane(n: int, plane: int) -> int:
    """The depeg price (x 10^18) of a plane, the inverse of `plane_of_price`; 0 where the coin has lost all."""
    depth = n * WAD - plane
    # (p + m)^2 = c^2 (p^2 + m), m = n - 1: the smaller root of (c^2 - 1) p^2 - 2 m p + m (c^2 - m) = 0.
    m = n - 1
    a, b, c = depth**2 - WAD**2, m * WAD**2, m * (depth**2 - m * WAD**2)
    if c <= 0 or a <= 0:
        return 0
    root = math.isqrt(max(0, b * b - a * c))
    return max(0, (b - root) * WAD // a)


def efficiency(n: int, plane: int) -> int:
    """How much less capital a tick needs at par than one without a plane: q/(q - x_min), x 10^18."""
    unit = 10**9 * WAD
    par = unit - math.isqrt(unit * unit // n)
    return par * WAD // (par - Tick.on(plane, unit).floor(n))
