"""An intent of a watched protocol follows from its facts as ours do, and none of our rules reaches it."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital.domain import deadlines, explain, facts, lifecycle
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent, ForeignOpened
from orbital.domain.types import Account, Amount, Protocol, UnixSeconds


@pytest.fixture(scope="module")
def intent(case):
    return ForeignIntent(
        protocol=Protocol.ACROSS,
        reference="7",
        user=Account(case.intent.user),
        recipient=Account(b"\x07" * 32),
        origin_chain_id=case.origin,
        destination_chain_id=case.destination,
        input_token=Account(case.intent.input_token),
        input_amount=Amount(1000),
        output_token=Account(b"\x08" * 32),
        min_output_amount=Amount(900),
        fill_deadline=UnixSeconds(2_000),
    )


@pytest.fixture(scope="module")
def told(case, intent):
    """Every fact that can be about it, with repeats on both sides and one fill on the wrong chain, and some of ours."""
    fill = ForeignFilled(
        Protocol.ACROSS, "7", Account(case.solver), intent.recipient, intent.output_token, Amount(890), case.origin
    )
    return {
        "opened": case.on_chain(ForeignOpened(intent)),
        "opened again": case.on_chain(ForeignOpened(intent), number=7),
        "filled": case.on_chain(fill, case.destination, 6),
        "filled again": case.on_chain(dataclasses.replace(fill, solver=case.rival), case.destination, 9),
        "filled elsewhere": case.on_chain(fill, case.origin, 6),
        "passed": case.passed("fill_deadline"),
        "nonce": case.invalidated,
        "cancelled": case.cancelled,
    }


@pytest.mark.parametrize(
    ("names", "status", "solver", "refund_due"),
    [
        (["opened"], "opened", None, False),
        (["opened", "filled elsewhere", "nonce", "cancelled"], "opened", None, False),
        (["opened", "passed"], "expired", None, True),
        (["opened", "passed", "filled"], "filled", "solver", False),
        (["opened", "opened again", "filled", "filled again"], "filled", "solver", False),
        (["filled", "passed"], None, None, False),
    ],
)
def test_status_follows_from_what_is_told(case, told, names, status, solver, refund_due):
    state = case.fold(*(told[name] for name in names))
    assert (state.status, state.refund_due, state.protocol) == (status, refund_due, "across")
    assert state.solver == (case.solver if solver else None)
    assert state.output_amount == (890 if solver else None)
    assert (state.round, state.open_by, state.fill_by, state.refundable_at) == (0, None, None, None)


@given(data=st.data())
def test_any_order_gives_the_same_state_and_never_an_auction(case, told, data):
    some = data.draw(st.lists(st.sampled_from(sorted(told)), unique=True))
    state = case.fold(*(told[name] for name in some))
    assert case.fold(*(told[name] for name in data.draw(st.permutations(some)))) == state
    assert not state.auctionable
    assert not state.submitted
    assert state.status in {None, *(status for status in ("opened", "filled", "expired"))}
    assert (state.status is None) == ("opened" not in some and "opened again" not in some)


def test_a_slow_fill_has_no_solver(case, told):
    slow = dataclasses.replace(told["filled"].event, solver=Account(bytes(20)))
    state = case.fold(told["opened"], told["filled"]._replace(event=slow))
    assert (state.status, state.solver, state.output_amount) == ("filled", None, 890)


def test_its_one_deadline_is_on_the_destination(case, told, intent):
    assert deadlines.deadlines_of(told["opened"], intent) == [(case.destination, 2_000, "fill_deadline", 0)]
    for other in (told["filled"], case.awarded(), case.submitted):
        assert deadlines.deadlines_of(other, intent) == []


def test_a_foreign_fill_is_none_of_ours(case, told):
    assert case.fold(case.opened, told["filled"]).status == "opened"


def test_the_actor_is_who_acted(told, intent, case):
    assert (told["opened"].actor, told["filled"].actor) == (intent.user, case.solver)


@pytest.mark.parametrize(
    ("status", "stalled", "word", "step", "percentage"),
    [
        ("opened", False, "awaiting_fill", "fill", 50),
        ("opened", True, "chain_stalled", "fill", 50),
        ("expired", True, "refund_due", "done", 50),
        ("filled", True, "delivered", "done", 100),
    ],
)
def test_each_status_has_its_word(status, stalled, word, step, percentage):
    assert explain.explain_foreign(lifecycle.Status(status), chain_stalled=stalled) == word
    progress = explain.foreign_progress_of(lifecycle.Status(status))
    assert (progress.current_step, progress.percentage) == (step, percentage)


def test_foreign_events_are_events():
    assert {ForeignOpened, ForeignFilled} <= set(facts.Event.__args__)
