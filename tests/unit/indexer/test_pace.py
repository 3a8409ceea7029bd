"""The pace of catching up: known after a step, and of no interest near the head."""

from orbital.indexer.pace import Pace
from orbital.observe import logging


def test_the_rest_takes_as_long_as_the_rate_says() -> None:
    pace = Pace(logging.get_logger("test"), "chain 1")
    pace.add(100, 1_000)
    pace.add(300, 1_000)
    speed = pace.speed(800)
    assert speed is not None
    assert speed.blocks_per_second > 0
    assert abs(speed.eta_seconds * speed.blocks_per_second - 800) < 1e-6
    assert abs(speed.logs_per_second / speed.blocks_per_second - 5) < 1e-6


def test_near_the_head_and_before_the_first_step_there_is_none() -> None:
    pace = Pace(logging.get_logger("test"), "chain 1")
    assert pace.speed(1_000) is None
    pace.add(100, 0)
    assert pace.speed(3) is None
