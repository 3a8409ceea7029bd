"""Facts set the times that chains are asked about."""

from orbital.domain import deadlines


def test_each_deadline_belongs_to_one_chain(case):
    assert deadlines.deadlines_of(case.submitted, case.intent) == [
        (case.origin, 1_000, "open_deadline", 0),
        (case.destination, 2_000, "fill_deadline", 0),
    ]
    assert deadlines.deadlines_of(case.awarded(3), case.intent) == [
        (case.origin, 700, "open_by", 3),
        (case.destination, 800, "fill_by", 3),
    ]
    assert deadlines.deadlines_of(case.cancelled, case.intent) == []


def test_an_open_asks_for_no_time_to_open_by(case):
    assert deadlines.deadlines_of(case.opened, case.intent) == [(case.destination, 2_000, "fill_deadline", 0)]
