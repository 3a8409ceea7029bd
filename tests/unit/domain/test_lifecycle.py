"""An intent's state follows from its facts by rank, whatever the order in which they came."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital.domain import evidence, facts, lifecycle
from orbital.domain.types import Amount, IntentId


def evidence_of(case):
    """One way to reach each row of the table, by (rank, status)."""
    return {
        (1, "refunded"): [case.opened, case.refunded],
        (1, "settled"): [case.opened, case.filled(), case.settled],
        (2, "filled"): [case.opened, case.filled()],
        (3, "expired"): [case.opened, case.passed("fill_deadline")],
        (4, "opened"): [case.opened],
        (5, "cancelled"): [case.submitted, case.invalidated],
        (6, "expired"): [case.submitted, case.passed("open_deadline")],
        (7, "matched"): [case.submitted, case.awarded()],
        (8, "pending"): [case.submitted],
    }


def everything(case):
    """Facts of all kinds, several of which contradict each other."""
    return [
        *(case.submitted, case.opened, case.settled, case.refunded, case.cancelled, case.invalidated),
        *(case.awarded(1), case.awarded(2, case.rival), case.lapsed(1), case.lapsed(2, "user", case.rival)),
        *(case.filled(6), case.filled(7, solver=case.rival), case.filled(5, output_amount=Amount(1))),
        *(case.passed("open_deadline"), case.passed("fill_deadline"), case.passed("open_by", 1)),
        *(case.passed("fill_by", 1), case.passed("open_by", 2)),
        case.on_chain(facts.IntentExpired(case.origin), case.destination, 12),
        case.on_chain(facts.PayoutCredited(case.solver, case.intent.input_token, Amount(3)), number=13),
    ]


def test_every_row_of_the_table_is_reached(case):
    reached = evidence_of(case)
    assert [(rank, status) for rank, status, _, _ in lifecycle.LIFECYCLE] == list(reached)
    assert {row: case.fold(*told).status for row, told in reached.items()} == {row: row[1] for row in reached}


def test_the_higher_rank_decides(case):
    rows = list(evidence_of(case).items())
    for place, ((_, status), told) in enumerate(rows):
        for below, more in rows[place + 1 :]:
            assert case.fold(*told, *more).status == status, below


@given(data=st.data())
def test_any_order_of_arrival_gives_the_same_state(case, data):
    told = data.draw(st.lists(st.sampled_from(everything(case)), unique=True))
    assert case.fold(*data.draw(st.permutations(told))) == case.fold(*told)


@given(data=st.data())
def test_a_moot_time_changes_nothing_and_any_other_may(case, data):
    passed = data.draw(st.sampled_from([case.passed(one) for one in ("open_deadline", "fill_deadline")]))
    told = data.draw(st.lists(st.sampled_from(everything(case)), unique=True).filter(lambda told: passed not in told))
    state, later = case.fold(*told), case.fold(*told, passed)
    if lifecycle.is_moot(passed.event.which, state.legs):
        assert later == state
    else:
        assert later.updated_at == max(fact.timestamp for fact in [*told, passed])


@given(data=st.data())
def test_a_state_without_an_intent_has_no_status(case, data):
    told = data.draw(st.lists(st.sampled_from(everything(case)), unique=True))
    state = case.fold(*told)
    known = any(isinstance(fact.event, facts.IntentSubmitted | facts.IntentOpened) for fact in told)
    assert (state.intent is not None) == known
    assert known or state.status is None


@pytest.mark.parametrize(
    "change",
    [
        {"emitter": b"\x09" * 20},
        {"recipient": b"\x09" * 20},
        {"output_token": b"\x09" * 20},
        {"output_amount": 899},
        {"origin_chain_id": 11},
    ],
)
def test_a_fill_of_something_else_is_none(case, change):
    assert case.fold(case.opened, case.filled(**change)).status == "opened"


def test_a_fill_on_another_chain_is_none(case):
    assert case.fold(case.opened, case.filled(chain_id=case.origin)).status == "opened"


def test_the_first_valid_fill_in_chain_order_is_the_fill(case):
    first, second = case.filled(6, solver=case.rival), case.filled(7)
    state = case.fold(case.opened, second, first)
    assert (state.solver, state.legs["fill"]) == (case.rival, first)
    proven = evidence.gather(case.intent_id, [case.opened, second, first], case.rules)
    assert proven.duplicate_fills == (second,)


def test_an_open_outranks_a_cancel(case):
    assert case.fold(case.submitted, case.cancelled, case.opened).status == "opened"


def test_a_used_nonce_alone_is_no_cancellation(case):
    """The intent's own open uses the nonce as well."""
    assert case.fold(case.submitted, case.opened).status == "opened"


def test_another_intents_open_takes_the_nonce(case):
    other = dataclasses.replace(case.intent, input_amount=Amount(1))
    event = facts.IntentOpened(other, case.solver, Amount(950))
    taken = case.on_chain(event, intent_id=IntentId(b"\x22" * 32))
    assert case.fold(case.submitted, taken).status == "cancelled"
    elsewhere = case.on_chain(event, case.destination, intent_id=IntentId(b"\x22" * 32))
    assert case.fold(case.submitted, elsewhere).status == "pending"


def test_a_refund_after_a_fill_is_shown_as_an_anomaly(case):
    assert case.fold(case.opened, case.filled(), case.refunded).anomaly == "filled_and_refunded"
    assert case.fold(case.opened, case.filled(), case.settled, case.refunded).anomaly == "settled_and_refunded"
    assert case.fold(case.opened, case.refunded).anomaly is None


def test_a_lapsed_award_waits_for_its_verdict_and_for_both_chains(case):
    told = [case.submitted, case.awarded(), case.passed("open_by", 1)]
    state = case.fold(*told)
    assert (state.status, state.unjudged_rounds, state.auctionable) == ("pending", (1,), False)
    state = case.fold(*told, case.lapsed())
    assert (state.unjudged_rounds, state.auctionable, state.lapsed_solvers) == ((), False, {case.solver})
    assert case.fold(*told, case.lapsed(), case.passed("fill_by", 1)).auctionable


def test_a_lapse_that_was_the_users_fault_does_not_count_against_the_solver(case):
    state = case.fold(case.submitted, case.awarded(), case.passed("open_by", 1), case.lapsed(fault="user"))
    assert state.lapsed_solvers == frozenset()


def test_an_unpaid_escrow_says_when_it_can_be_refunded(case):
    refundable_at = case.intent.fill_deadline + 30
    assert case.fold(case.opened).refundable_at == refundable_at
    assert case.fold(case.opened, case.filled()).refundable_at is None
    state = case.fold(case.opened, case.passed("fill_deadline"))
    assert (state.refund_due, state.refundable_at) == (True, refundable_at)
