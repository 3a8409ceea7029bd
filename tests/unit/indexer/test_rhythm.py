"""A node is asked as often as its chain's blocks come, within bounds."""

import pytest

from orbital.indexer.rhythm import Rhythm


@pytest.mark.parametrize(("block_seconds", "pause"), [(12, 0.2), (2, 0.2), (1, 0.1), (0.25, 0.025), (0.1, 0.02)])
def test_a_block_is_asked_for_ten_times_within_bounds(block_seconds, pause):
    rhythm = Rhythm(0.02, 0.2)
    for number in range(20):
        rhythm.beat(number, 1000 + number * block_seconds)
    assert rhythm.pause == pytest.approx(pause)


def test_nothing_is_known_of_the_first_block():
    rhythm = Rhythm(0.02, 0.2)
    assert rhythm.pause == 0.2
    rhythm.beat(7, 1000)
    assert rhythm.pause == 0.2


def test_a_pause_and_blocks_that_were_missed_change_little():
    rhythm = Rhythm(0.02, 10)
    for number, at in ((1, 0), (2, 1), (3, 2), (4, 900), (6, 902), (7, 903), (5, 904), (6, 905)):
        rhythm.beat(number, at)
    assert rhythm.pause == pytest.approx(0.1)
