"""Over which time solvers are compared, and by what."""

from enum import StrEnum
from typing import Final


class Window(StrEnum):
    """The last so much time, up to now."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"
    QUARTER = "90d"
    ALL = "all"

    @property
    def seconds(self) -> int | None:
        """How long it is; None without a beginning."""
        return _SECONDS.get(self)


class Sort(StrEnum):
    """Best first: the most, and with `speed` the least time to fill. Who has none comes last, equals go by address."""

    REPUTATION = "reputation"
    VOLUME = "volume"
    FILLS = "fills"
    SUCCESS_RATE = "success_rate"
    SPEED = "speed"


_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR
_SECONDS: Final = {
    Window.HOUR: _HOUR,
    Window.DAY: _DAY,
    Window.WEEK: 7 * _DAY,
    Window.MONTH: 30 * _DAY,
    Window.QUARTER: 90 * _DAY,
}
