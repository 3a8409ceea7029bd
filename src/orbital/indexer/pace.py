"""How fast a chain is caught up with, and when it will be: for operators, in rows, figures and on the terminal."""

import collections
import sys
import time
from dataclasses import dataclass
from typing import Final

from orbital.observe.logging import Logger

_WINDOW_SECONDS: Final = 20.0
_LOG_SECONDS: Final = 10.0
_TERMINAL_SECONDS: Final = 0.5
_CLOSE_BLOCKS: Final = 10
"""From the head: who is nearer follows, and has no pace."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Rates over the last steps, and how long the rest takes at that rate while the head stands still."""

    blocks_per_second: float
    logs_per_second: float
    eta_seconds: float


class Pace:
    """Counts the steps of one leadership; `say` tells about them now and then."""

    def __init__(self, log: Logger, name: str) -> None:
        self._log = log
        self._name = name
        self._steps: collections.deque[tuple[float, int, int]] = collections.deque([(time.monotonic(), 0, 0)])
        self._said_at = self._steps[0][0]

    def add(self, blocks: int, logs: int) -> None:
        """A step was written."""
        at = time.monotonic()
        _, blocks_before, logs_before = self._steps[-1]
        self._steps.append((at, blocks_before + blocks, logs_before + logs))
        while len(self._steps) > 2 and self._steps[1][0] < at - _WINDOW_SECONDS:
            self._steps.popleft()

    def speed(self, blocks_left: int) -> Speed | None:
        """None while the head is near, or nothing is known yet."""
        (start, first_blocks, first_logs), (end, last_blocks, last_logs) = self._steps[0], self._steps[-1]
        if blocks_left < _CLOSE_BLOCKS or end <= start or last_blocks == first_blocks:
            return None
        rate = (last_blocks - first_blocks) / (end - start)
        return Speed(rate, (last_logs - first_logs) / (end - start), blocks_left / rate)

    def say(self, number: int, head: int) -> None:
        """On a terminal one line that is written over, elsewhere a line of the log now and then."""
        now, speed, is_terminal = time.monotonic(), self.speed(head - number), sys.stderr.isatty()
        if speed is None or now - self._said_at < (_TERMINAL_SECONDS if is_terminal else _LOG_SECONDS):
            return
        self._said_at = now
        if is_terminal:
            line = (
                f"{self._name}: block {number:,} of {head:,}  {speed.blocks_per_second:,.0f} blocks/s"
                f"  {speed.logs_per_second:,.0f} logs/s  {_duration(speed.eta_seconds)} left"
            )
            sys.stderr.write(f"\r\x1b[2K{line}\r")
            sys.stderr.flush()
        else:
            self._log.info(
                "catching up",
                block=number,
                head=head,
                blocks_per_second=round(speed.blocks_per_second, 1),
                logs_per_second=round(speed.logs_per_second, 1),
                eta_seconds=round(speed.eta_seconds),
            )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
