"""What is decided about a round, from values alone."""

import datetime as dt

import pytest

from orbital.auctioneer import plan
from orbital.domain import auction
from orbital.domain.intent import Intent
from orbital.domain.lifecycle import Status
from orbital.domain.solver import Profile, Solver, Suspension
from orbital.domain.types import Address, IntentId, UnixSeconds
from orbital.storage.chains import Checkpoint, Heads
from orbital.storage.intents import IntentView

NOW = int(dt.datetime(2026, 5, 1, tzinfo=dt.UTC).timestamp())
SOLVER = Address(b"\x05" * 20)


def make_intent(open_in: int = 600, fill_in: int = 3600) -> Intent:
    return Intent(
        b"\x01" * 20, b"\x02" * 20, 1, 10, b"\x03" * 20, 100, b"\x04" * 20, 90, 0, NOW + open_in, NOW + fill_in, SOLVER
    )


def make_view(lapsed_here: frozenset[Address]) -> IntentView:
    return IntentView(
        intent_id=IntentId(b"\x0a" * 32),
        intent=make_intent(),
        status=Status.PENDING,
        submitted=True,
        solver=None,
        output_amount=None,
        round=1,
        open_by=None,
        fill_by=None,
        refund_due=False,
        refundable_at=None,
        legs={},
        anomaly=None,
        auctionable=True,
        lapsed_solvers=lapsed_here,
        created_at=NOW,
        updated_at=NOW,
        stalled_chains=(),
    )


def make_checkpoint(chain_id: int, timestamp: int | None, status: str = "ok", head: int | None = None) -> Checkpoint:
    heads = None if head is None else Heads(9, head, None, None)
    return Checkpoint(chain_id, b"\0" * 32, 0, 5, b"\1" * 32, timestamp, heads, None, status, None)


def test_times_are_the_later_of_what_is_indexed_and_the_nodes_head() -> None:
    checkpoints = {1: make_checkpoint(1, NOW, head=NOW + 4), 10: make_checkpoint(10, NOW + 7, head=NOW + 5)}
    assert plan.times_of(make_intent(), checkpoints) == plan.Times(NOW + 4, NOW + 7)


@pytest.mark.parametrize("status", ["stopped", "unreachable"])
def test_chain_that_is_not_followed_has_no_time(status: str) -> None:
    checkpoints = {1: make_checkpoint(1, NOW, status), 10: make_checkpoint(10, None)}
    assert plan.times_of(make_intent(), checkpoints) == plan.Times(None, None)


@pytest.mark.parametrize(
    ("open_in", "fill_in", "is_opened", "expected"),
    [
        (600, 3600, False, (60, 180)),
        (30, 3600, False, (30, 150)),
        (600, 100, False, (60, 100)),
        (4, 3600, False, None),
        (600, 4, False, None),
        (600, 3600, True, (60, 120)),
        (-50, 3600, True, (0, 120)),
        (-50, 60, True, (0, 60)),
        (-50, 4, True, None),
    ],
)
def test_award_times_stay_within_the_intents_own(
    open_in: int, fill_in: int, is_opened: bool, expected: tuple[int, int] | None
) -> None:
    times = plan.Times(UnixSeconds(NOW), UnixSeconds(NOW))
    award = plan.plan_award(b"\7" * 32, make_intent(open_in, fill_in), SOLVER, 95, times, 120, is_opened=is_opened)
    assert (award and (award.open_by - NOW, award.fill_by - NOW)) == expected


@pytest.mark.parametrize(
    ("bond", "lapses", "lapsed_here", "expected"),
    [
        (10, (), frozenset(), None),
        (9, (), frozenset(), auction.Refusal.NOT_ELIGIBLE),
        (None, (), frozenset(), auction.Refusal.NOT_ELIGIBLE),
        (10, (), frozenset({SOLVER}), auction.Refusal.NOT_ELIGIBLE),
        (10, (NOW - 3, NOW - 2, NOW - 1), frozenset(), auction.Refusal.BENCHED),
        (10, (NOW - 1003, NOW - 1002, NOW - 1001), frozenset(), None),
    ],
)
def test_standing_says_who_may_win(
    bond: int | None, lapses: tuple[int, ...], lapsed_here: frozenset[Address], expected: auction.Refusal | None
) -> None:
    known = None if bond is None else Solver(SOLVER, bond, 0, 6000, NOW, NOW)
    view = make_view(lapsed_here)
    assert plan.standing_of(SOLVER, known, lapses, view, 10, NOW).refusal is expected


@pytest.mark.parametrize(
    ("profile", "suspension", "expected"),
    [
        (Profile("Fast Lane", (1, 10, 5), 5, "", is_paused=False), None, None),
        (Profile("Fast Lane", (1, 5), 5, "", is_paused=False), None, auction.Refusal.NOT_ELIGIBLE),
        (Profile("Fast Lane", (1, 10), 5, "", is_paused=True), None, auction.Refusal.NOT_ELIGIBLE),
        (None, Suspension("Keys were stolen.", NOW), auction.Refusal.NOT_ELIGIBLE),
    ],
)
def test_standing_heeds_what_the_solver_and_administrators_said(
    profile: Profile | None, suspension: Suspension | None, expected: auction.Refusal | None
) -> None:
    known = Solver(SOLVER, 10, 0, 6000, NOW, NOW, profile, suspension)
    standing = plan.standing_of(SOLVER, known, (), make_view(frozenset()), 10, NOW)
    assert standing == auction.Standing(SOLVER, 6000, expected)
