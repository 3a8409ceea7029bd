"""How often a node that announces nothing is asked for its head: ten times a block, within bounds.

So the question costs about a twentieth of a block's time, on fast chains and on slow ones.
"""

import collections
import statistics
from typing import Final

_ASKED_A_BLOCK: Final = 10
_BEATS: Final = 9


class Rhythm:
    """Learns a chain's pace from when its heads were seen. Seconds; times are of any one clock."""

    def __init__(self, shortest: float, longest: float) -> None:
        self._shortest = shortest
        self._longest = longest
        self._last: tuple[int, float] | None = None
        self._gaps: collections.deque[float] = collections.deque(maxlen=_BEATS)

    def beat(self, number: int, at: float) -> None:
        """A head of this height was seen; lower ones than before start anew."""
        if self._last is not None and number > self._last[0]:
            height, since = self._last
            self._gaps.append((at - since) / (number - height))
        self._last = number, at

    @property
    def pause(self) -> float:
        """Until the next question; the longest while nothing is known."""
        if not self._gaps:
            return self._longest
        return min(self._longest, max(self._shortest, statistics.median(self._gaps) / _ASKED_A_BLOCK))
