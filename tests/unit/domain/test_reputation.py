"""The formula: worked examples with every floor, its bounds, and in which direction each of its inputs moves it."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital.domain import auction, reputation
from orbital.domain.reputation import Day, Record

COUNTS = st.integers(0, 10**6)
DAYS = st.lists(st.builds(Day, st.integers(0, 400), COUNTS, COUNTS), max_size=30)
RECORDS = st.builds(
    Record,
    days=DAYS,
    median_fill_seconds=st.none() | st.integers(0, 2**62),
    mean_improvement_ppm=st.none() | st.integers(0, 2**63 - 1),
    days_with_bids=st.integers(0, 30),
    is_new=st.booleans(),
    slashes=st.integers(0, 40),
)


def test_a_new_solver_is_in_the_middle() -> None:
    assert reputation.score(Record()).reputation == auction.NEW_SOLVER_REPUTATION == 5000


def test_weights_are_floors_of_the_powers() -> None:
    """w <= 10^6 * 2^(-i/14) < w + 1, without a root: both sides to the 14th power."""
    for i, weight in enumerate(reputation.DAILY_WEIGHTS_PPM):
        assert weight**14 * 2**i <= 10**84 < (weight + 1) ** 14 * 2**i
    assert len(reputation.DAILY_WEIGHTS_PPM) == 14


def test_weight_halves_every_fortnight_and_ends_after_280_days() -> None:
    assert [reputation.weight(age) for age in (0, 1, 14, 15, 28, 279, 280, 10_000)] == [
        1_000_000, 951_695, 500_000, 475_847, 250_000, 1, 0, 0,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("record", "parts", "expected"),
    [
        # (1 + 1)/(1 + 2) of the first day; 60/61; 25 of 50 bps; new.
        (Record([Day(0, 1, 0)], 1, 2500), (666_666, 983_606, 500_000, 500_000), 6883),
        # Ages 1 and 15: (951 695 + 2*475 847 + 10^6)/(the same + 475 847 + 2*10^6); no time; 33.33 bps; 7 of 30 days.
        (Record([Day(1, 1, 0), Day(15, 2, 1)], 0, 3333, 7, is_new=False), (662_989, 10**6, 666_600, 233_333), 6879),
        # Only lapses, long ago.
        (Record([Day(13, 0, 3)], None, None, 30, is_new=False), (279_631, 500_000, 500_000, 10**6), 4287),
        # The best there can be, and the same with slashes.
        (Record([Day(0, 10**9, 0)], 0, 10**6, 30, is_new=False), (999_999, 10**6, 10**6, 10**6), 9999),
        (
            Record([Day(0, 10**9, 0)], 0, 10**6, 30, is_new=False, slashes=3),
            (999_999, 10**6, 10**6, 10**6), 8499,
        ),
        (Record(slashes=11), (500_000,) * 4, 0),
    ],
    ids=["one fill", "fractions", "lapses", "best", "slashed", "floor"],
)  # fmt: skip
def test_worked_examples(record: Record, parts: tuple[int, ...], expected: int) -> None:
    scored = reputation.score(record)
    assert (scored.reliability_ppm, scored.speed_ppm, scored.price_ppm, scored.activity_ppm) == parts
    assert scored.reputation == expected


@given(RECORDS)
def test_everything_is_within_its_bounds(record: Record) -> None:
    scored = reputation.score(record)
    assert 0 <= scored.reputation <= auction.REPUTATION_MAX
    assert 0 <= scored.filled_ppm <= scored.awarded_ppm
    assert all(
        0 <= part <= reputation.ONE_PPM
        for part in (scored.reliability_ppm, scored.speed_ppm, scored.price_ppm, scored.activity_ppm)
    )


@given(RECORDS, st.integers(0, 400), COUNTS)
def test_what_is_good_never_lowers_it_and_what_is_bad_never_raises_it(record: Record, age: int, count: int) -> None:
    now = reputation.score(record).reputation

    def after(**changes: object) -> int:
        return reputation.score(dataclasses.replace(record, **changes)).reputation

    assert after(days=[*record.days, Day(age, count, 0)]) >= now
    assert after(days=[*record.days, Day(age, 0, count)]) <= now
    assert after(slashes=record.slashes + 1) == max(0, now - 500)
    if record.median_fill_seconds is not None:
        assert after(median_fill_seconds=record.median_fill_seconds + count) <= now
    if record.mean_improvement_ppm is not None:
        assert after(mean_improvement_ppm=record.mean_improvement_ppm + count) >= now
    if record.days_with_bids < 30:
        assert after(days_with_bids=record.days_with_bids + 1) >= now


@given(DAYS)
def test_awards_of_an_age_count_the_same_however_they_are_split(days: list[Day]) -> None:
    split = [Day(day.age, 0, day.lapsed) for day in days] + [Day(day.age, day.filled, 0) for day in days]
    assert reputation.score(Record(split)) == reputation.score(Record(days))


def test_a_solver_is_new_for_thirty_days() -> None:
    registered = 1_000 * reputation.DAY_SECONDS + 80_000
    assert reputation.is_new(None, 5_000)
    assert reputation.is_new(registered, 1_000)
    assert reputation.is_new(registered, 1_029)
    assert not reputation.is_new(registered, 1_030)
