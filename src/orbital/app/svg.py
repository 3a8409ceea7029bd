"""A drawing of 800 by 600 as SVG text: shapes, words and one scale for each axis."""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple
from xml.sax import saxutils

WIDTH: Final = 800
HEIGHT: Final = 600
INK: Final = "#0f172a"
QUIET: Final = "#64748b"
GRID: Final = "#e2e8f0"
PAPER: Final = "#ffffff"
COLOURS: Final = ("#2563eb", "#d97706", "#059669", "#db2777", "#7c3aed", "#0891b2", "#65a30d", "#dc2626")

Point = tuple[float, float]


class Scale(NamedTuple):
    """Maps values from `low` to `high` to pixels from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def steps(self, count: int) -> list[float]:
        """About `count` round values inside."""
        raw = (self.high - self.low) / count
        unit = 10 ** math.floor(math.log10(raw))
        step = next(unit * factor for factor in (1, 2, 5, 10) if unit * factor >= raw * 0.99)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


class Drawing:
    """Collects shapes; `render` gives the file. Words are escaped."""

    def __init__(self, title: str, subtitle: str) -> None:
        self._parts = [
            (
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
                f'height="{HEIGHT}" font-family="system-ui, sans-serif" font-size="12">'
            ),
            f"<title>{saxutils.escape(title)}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{PAPER}"/>',
        ]
        self._title, self._subtitle = title, subtitle

    def text(
        self,
        at: Point,
        words: str,
        *,
        colour: str = INK,
        size: int = 12,
        weight: int = 400,
        anchor: str = "start",
        turned: bool = False,
    ) -> None:
        """Words at a point; `turned` reads upwards."""
        x, y = at
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" font-weight="{weight}" '
            f'text-anchor="{anchor}"{turn}>{saxutils.escape(words)}</text>'
        )

    def line(
        self,
        points: Iterable[Point],
        *,
        colour: str = INK,
        width: float = 1,
        dash: str = "",
        fill: str = "none",
        opacity: float = 1,
    ) -> None:
        """A line through points."""
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<polyline points="{path}" fill="{fill}" stroke="{colour}" stroke-width="{width}" '
            f'stroke-linejoin="round" opacity="{opacity}"{dashes}/>'
        )

    def dot(self, at: Point, *, colour: str, radius: float = 4) -> None:
        """A filled circle with a light edge."""
        self._parts.append(
            f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="{radius}" fill="{colour}" stroke="{PAPER}" '
            'stroke-width="1.5"/>'
        )

    def legend(self, at: Point, entries: Sequence[tuple[str, str]]) -> None:
        """Coloured dots with words, one below the other."""
        for row, (colour, words) in enumerate(entries):
            x, y = at[0], at[1] + 18 * row
            self.dot((x, y - 4), colour=colour)
            self.text((x + 12, y), words)

    def render(self) -> str:
        """The SVG document; the heading lies over everything."""
        self._parts.append(f'<rect width="{WIDTH}" height="68" fill="{PAPER}"/>')
        self.text((40, 36), self._title, size=18, weight=600)
        self.text((40, 56), self._subtitle, colour=QUIET)
        return "\n".join([*self._parts, "</svg>"]) + "\n"
