"""How often a node that announces nothing is asked for its head: seldom at first, often about when a block is due.

A block is due one median gap after the last. Until shortly before, a node is asked a few times, in case the next one
comes early; from then on closely, for a block's time; and if none comes, at leisure again. So a regular chain's block
is seen within a fiftieth of a block's time, for little more than ten questions: within bounds on every pause.
"""

import collections
import statistics
from typing import Final

_BEATS: Final = 9
_SELDOM, _OFTEN, _AT_LEISURE = 5, 50, 10  # times a block
_EXPECTED_FROM: Final = 0.85  # of a block's time
_EXPECTED_UNTIL: Final = 2.0


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

    def pause(self, now: float) -> float:
        """Until the next question; the longest while nothing is known."""
        if not self._gaps or self._last is None:
            return self._longest
        gap, passed = statistics.median(self._gaps), now - self._last[1]
        expected = _EXPECTED_FROM * gap
        if passed < expected:
            wanted = min(gap / _SELDOM, expected - passed)
        else:
            wanted = gap / (_OFTEN if passed < _EXPECTED_UNTIL * gap else _AT_LEISURE)
        return min(self._longest, max(self._shortest, wanted))
