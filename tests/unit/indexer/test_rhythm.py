"""A node is asked as often as its chain's blocks come, within bounds, and most closely when one is due."""

import pytest

from orbital.indexer.rhythm import Rhythm

SHORTEST, LONGEST = 0.005, 0.2


def steady(block_seconds, shortest=SHORTEST, longest=LONGEST):
    rhythm = Rhythm(shortest, longest)
    for number in range(20):
        rhythm.beat(number, 1000 + number * block_seconds)
    return rhythm, 1000 + 19 * block_seconds


@pytest.mark.parametrize(
    ("block_seconds", "early", "due", "late"),
    [
        (12, 0.2, 0.2, 0.2),
        (2, 0.2, 0.04, 0.2),
        (1, 0.2, 0.02, 0.1),
        (0.25, 0.05, 0.005, 0.025),
        (0.02, 0.005, 0.005, 0.005),
    ],
)
def test_a_block_is_asked_for_seldom_then_often_then_at_leisure(block_seconds, early, due, late):
    rhythm, last = steady(block_seconds)
    assert rhythm.pause(last) == pytest.approx(early)
    assert rhythm.pause(last + block_seconds) == pytest.approx(due)
    assert rhythm.pause(last + 2.5 * block_seconds) == pytest.approx(late)


@pytest.mark.parametrize("block_seconds", [0.25, 1, 2])
def test_a_steady_chain_is_asked_not_much_more_than_ten_times_a_block_and_seen_in_a_fiftieth(block_seconds):
    rhythm, last = steady(block_seconds)
    now, asked = last, 0
    while now < last + block_seconds:
        now += rhythm.pause(now)
        asked += 1
    assert asked <= 20
    assert now - (last + block_seconds) <= block_seconds / 50


def test_nothing_is_known_of_the_first_block():
    rhythm = Rhythm(0.02, 0.2)
    assert rhythm.pause(0) == 0.2
    rhythm.beat(7, 1000)
    assert rhythm.pause(1000) == 0.2


def test_a_pause_and_blocks_that_were_missed_change_little():
    rhythm = Rhythm(0.02, 10)
    for number, at in ((1, 0), (2, 1), (3, 2), (4, 900), (6, 902), (7, 903), (5, 904), (6, 905)):
        rhythm.beat(number, at)
    assert rhythm.pause(905) == pytest.approx(0.2)
