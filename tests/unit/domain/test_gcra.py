"""From idle exactly the burst at once, then one an interval; no sequence of calls gets more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital.domain import gcra

NOW = 1_800_000_000_000_000
limits = st.builds(gcra.Limit, st.integers(1, 10**7), st.integers(1, 50))
steps = st.lists(st.integers(0, 3 * 10**7), max_size=80)


def run(limit, gaps):
    """(moment, verdict) of a request after each gap."""
    idle_at, now, found = None, NOW, []
    for gap in gaps:
        now += gap
        verdict = gcra.take(limit, idle_at, now)
        idle_at = now + verdict.backlog_us
        found.append((now, verdict))
    return found


@pytest.mark.parametrize("burst", [1, 2, 20])
def test_from_idle_exactly_the_burst_is_taken_at_once(burst):
    limit = gcra.limit_of(100, 60, burst)
    taken = [verdict.is_allowed for _, verdict in run(limit, [0] * (burst + 5))]
    assert taken == [True] * burst + [False] * 5


def test_hundred_a_minute_is_one_every_six_hundred_milliseconds():
    limit = gcra.limit_of(100, 60, 20)
    assert limit.interval_us == 600_000
    verdict = gcra.take(limit, None, NOW)
    assert (gcra.remaining(limit, verdict), gcra.reset_seconds(verdict)) == (19, 1)


def test_an_interval_is_rounded_up():
    assert gcra.limit_of(7, 60, 1).interval_us == 8_571_429


def test_after_the_burst_one_is_taken_an_interval():
    limit = gcra.limit_of(100, 60, 3)
    gaps = [0, 0, 0, 599_999, 1, 0, 600_000]
    assert [verdict.is_allowed for _, verdict in run(limit, gaps)] == [True, True, True, False, True, False, True]


@given(limits, steps)
def test_no_span_of_time_holds_more_than_the_burst_and_its_share(limit, gaps):
    taken = [moment for moment, verdict in run(limit, gaps) if verdict.is_allowed]
    for first, start in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= limit.burst + (taken[last] - start) // limit.interval_us


@given(limits, steps)
def test_a_refused_request_is_taken_after_the_time_that_it_was_told_and_not_much_sooner(limit, gaps):
    for now, verdict in run(limit, gaps):
        wait = gcra.retry_seconds(limit, verdict)
        assert (wait > 0) == (gcra.remaining(limit, verdict) == 0)
        idle_at = now + verdict.backlog_us
        assert gcra.take(limit, idle_at, now + wait * gcra.MICROSECONDS).is_allowed
        if wait:
            assert not gcra.take(limit, idle_at, now + (wait - 1) * gcra.MICROSECONDS).is_allowed


@given(limits, steps)
def test_what_remains_is_what_would_be_taken_now(limit, gaps):
    for now, verdict in run(limit, gaps):
        idle_at, more = now + verdict.backlog_us, 0
        while (again := gcra.take(limit, idle_at, now)).is_allowed:
            idle_at, more = now + again.backlog_us, more + 1
        assert more == gcra.remaining(limit, verdict)


def test_a_clock_that_stepped_back_holds_nobody_up_for_longer_than_the_burst_takes():
    limit = gcra.limit_of(100, 60, 20)
    verdict = gcra.take(limit, NOW + 10**12, NOW)
    assert (verdict.is_allowed, verdict.backlog_us) == (False, limit.depth_us)
