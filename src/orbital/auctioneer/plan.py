"""What to do with a round, decided from values alone: the caller reads, asks here, and then acts.

An award gives its winner 60 s of the origin's time to open, and from then on the origin's fill window to deliver on
the destination; for an intent that is open already, 120 s of the destination's time. No time reaches past the intent's
own deadlines, and where too little is left for a solver to do his part there is no award: the round waits idle, with
the reason in its outcome, until the deadline passes and voids it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.auctioneer import outcomes
from orbital.domain import auction, intake, solver
from orbital.domain.intent import Award, Intent
from orbital.domain.network import Network
from orbital.domain.solver import Solver
from orbital.domain.types import Address, Amount, ChainId, IntentId, UnixSeconds
from orbital.storage.chains import Checkpoint
from orbital.storage.intents import IntentView


class Reason(StrEnum):
    """Why a due round has no award."""

    NO_BIDS = "no_bids"
    NO_VALID_BIDS = "no_valid_bids"
    DEADLINE_TOO_NEAR = "deadline_too_near"
    CHAIN_STALLED = "chain_stalled"


@dataclass(frozen=True, slots=True)
class Times:
    """The latest time that each chain of an intent is known to have reached; None while it is not followed."""

    origin: UnixSeconds | None
    destination: UnixSeconds | None


@dataclass(frozen=True, slots=True)
class Grant:
    """Sign this award and close the round with the outcome."""

    award: Award
    outcome: outcomes.Outcome


@dataclass(frozen=True, slots=True)
class Wait:
    """Keep the round open, idle, with the outcome."""

    outcome: outcomes.Outcome


OPEN_SECONDS: Final = 60
FILL_OPENED_SECONDS: Final = 120
STEP_SECONDS_MIN: Final = 5
"""An award with less time than this for its next step would only make its solver lapse."""


def times_of(intent: Intent, checkpoints: Mapping[ChainId, Checkpoint]) -> Times:
    """Both chains' times from what is indexed and what their nodes say of their heads."""
    origin, destination = (
        _time_of(checkpoints.get(chain_id)) for chain_id in (intent.origin_chain_id, intent.destination_chain_id)
    )
    return Times(origin, destination)


def standing_of(
    bidder: Address,
    known: Solver | None,
    lapses: Collection[UnixSeconds],
    view: IntentView,
    min_bond_wei: Amount,
    now: UnixSeconds,
) -> auction.Standing:
    """A bidder's standing at the close: whether it may bid now, and whether it let this very intent lapse before."""
    chain_ids = view.intent.origin_chain_id, view.intent.destination_chain_id
    obstacle = solver.find_obstacle(known, lapses, chain_ids, min_bond_wei, now)
    refusal = None if obstacle is None else obstacle.refusal
    if bidder in view.lapsed_solvers:
        refusal = auction.Refusal.NOT_ELIGIBLE
    reputation = auction.NEW_SOLVER_REPUTATION if known is None else known.reputation
    return auction.Standing(bidder, reputation, refusal)


def plan_close(
    view: IntentView,
    bids: Sequence[auction.Unscored],
    standings: Sequence[auction.Standing],
    times: Times,
    fill_window_seconds: int,
    now: UnixSeconds,
) -> Grant | Wait:
    """What becomes of a round whose window passed at `now` (host time)."""
    decided = auction.decide(bids, standings, view.intent.min_output_amount, now)
    winner = decided.winner
    reason: Reason | None = None
    award: Award | None = None
    if winner is None:
        reason = Reason.NO_VALID_BIDS if bids else Reason.NO_BIDS
    elif times.origin is None or times.destination is None:
        reason = Reason.CHAIN_STALLED
    else:
        award = plan_award(
            view.intent_id,
            view.intent,
            winner.bid.solver,
            winner.bid.output_amount,
            times,
            fill_window_seconds,
            is_opened=view.is_opened,
        )
        reason = Reason.DEADLINE_TOO_NEAR if award is None else None
    outcome = outcomes.describe(
        decided, standings, view.intent.min_output_amount, times.origin, times.destination, now, award, reason
    )
    return Wait(outcome) if award is None else Grant(award, outcome)


def plan_award(
    intent_id: IntentId,
    intent: Intent,
    solver: Address,
    output_amount: Amount,
    times: Times,
    fill_window_seconds: int,
    *,
    is_opened: bool,
) -> Award | None:
    """The award with its times, None when too little is left of the intent's own deadlines."""
    if times.origin is None or times.destination is None:
        return None
    open_by = min(times.origin + OPEN_SECONDS, max(times.origin, intent.open_deadline))
    if is_opened:
        fill_by = min(times.destination + FILL_OPENED_SECONDS, intent.fill_deadline)
    else:
        fill_by = min(open_by + fill_window_seconds, intent.fill_deadline)
        if open_by - times.origin < STEP_SECONDS_MIN:
            return None
    if fill_by - times.destination < STEP_SECONDS_MIN:
        return None
    return Award(intent_id, solver, output_amount, UnixSeconds(open_by), UnixSeconds(fill_by))


def validate_opened(view: IntentView, network: Network, denied: frozenset[Address]) -> None:
    """Raise what intake would have said to an intent that its user opened unasked; its deadlines count from then."""
    intake.validate_terms(view.intent, network, view.created_at)
    intake.validate_parties(view.intent, denied)


def _time_of(checkpoint: Checkpoint | None) -> UnixSeconds | None:
    if checkpoint is None or checkpoint.timestamp is None or checkpoint.status != "ok":
        return None
    heads = checkpoint.heads
    return checkpoint.timestamp if heads is None else max(checkpoint.timestamp, heads.timestamp)
