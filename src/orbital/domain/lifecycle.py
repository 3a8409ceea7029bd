"""The lifecycle: an intent's state is a pure function of its canonical facts, in any order of arrival.

`LIFECYCLE` is the whole rule: the status is the first row whose evidence is there (`domain.evidence` looks for it).
Facts arrive from two chains and from the API in no particular order (a fill may be seen before its open), a reorg may
take one away again; nothing here depends on what the state was before.

Finality is not part of the state: it follows from the chains' heads when it is read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from orbital.domain import facts as f
from orbital.domain.evidence import Evidence, Rules, gather
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.types import (
    ZERO_ACCOUNT,
    ZERO_ADDRESS,
    Account,
    Address,
    Amount,
    IntentId,
    Protocol,
    UnixSeconds,
)


class Status(StrEnum):
    PENDING = "pending"
    MATCHED = "matched"
    OPENED = "opened"
    FILLED = "filled"
    SETTLED = "settled"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Leg(StrEnum):
    OPEN = "open"
    FILL = "fill"
    SETTLE = "settle"
    REFUND = "refund"


class Anomaly(StrEnum):
    """What the contracts should make impossible: shown, and raised as an alert."""

    SETTLED_AND_REFUNDED = "settled_and_refunded"
    FILLED_AND_REFUNDED = "filled_and_refunded"


class State(NamedTuple):
    """What the projection stores of an intent. `status` is None while nobody said what the intent is (a lone fill)."""

    protocol: Protocol
    intent: Intent | ForeignIntent | None
    status: Status | None
    submitted: bool
    solver: Address | Account | None
    output_amount: Amount | None
    round: int
    open_by: UnixSeconds | None
    fill_by: UnixSeconds | None
    refund_due: bool
    refundable_at: UnixSeconds | None
    legs: Mapping[Leg, f.Fact]
    anomaly: Anomaly | None
    auctionable: bool
    unjudged_rounds: tuple[int, ...]
    lapsed_solvers: frozenset[Address]
    created_at: UnixSeconds | None
    updated_at: UnixSeconds | None


LIFECYCLE: Final[Sequence[tuple[int, Status, str, Callable[[Evidence], bool]]]] = (
    (1, Status.REFUNDED, "IntentRefunded", lambda e: e.refunded is not None),
    (1, Status.SETTLED, "IntentSettled", lambda e: e.settled is not None),
    (2, Status.FILLED, "an open and a valid fill", lambda e: e.opened is not None and e.fill is not None),
    (
        3,
        Status.EXPIRED,
        "opened, fill deadline passed, no fill: the refund is due",
        lambda e: e.opened is not None and e.fill_deadline_passed,
    ),
    (4, Status.OPENED, "IntentOpened", lambda e: e.opened is not None),
    (
        5,
        Status.CANCELLED,
        "the nonce went to something else, or cancelled through the API",
        lambda e: e.nonce_taken is not None or e.cancelled is not None,
    ),
    (6, Status.EXPIRED, "open deadline passed, not opened", lambda e: e.open_deadline_passed),
    (7, Status.MATCHED, "a live award", lambda e: e.submitted is not None and e.live_award is not None),
    (8, Status.PENDING, "submitted", lambda e: e.submitted is not None),
)
"""(rank, status, evidence in words, evidence). Within rank 1 a refund is shown before a settlement."""

TERMINAL: Final = frozenset({Status.SETTLED, Status.REFUNDED})
"""Statuses in which the escrow is paid out."""

LIVE: Final = frozenset({Status.PENDING, Status.MATCHED})
"""Statuses in which an intent still lays claim to its user's balance."""

_AWAITING: Final = (Status.PENDING, Status.OPENED)
_OUR_OWN: Final = Protocol.ORBITAL
_LEGS: Final = tuple(Leg)


def fold(intent_id: IntentId, facts: Sequence[f.Fact], rules: Rules) -> State:
    """State of `intent_id` from its canonical facts, given in any order.

    `facts` also holds what concerns the intent's nonce: `NonceInvalidated` of its user, and `IntentOpened` of other
    intents with the same user, chain and nonce (their `intent_id` differs).
    """
    evidence = gather(intent_id, facts, rules)
    is_known = evidence.intent is not None or evidence.foreign is not None
    return _describe(evidence, _status_of(evidence) if is_known else None, facts, rules)


def is_moot(which: f.Deadline, legs: Collection[Leg]) -> bool:
    """Whether the passing of a time leaves an intent with these legs as it is.

    The open deadline decides only while nothing is opened, the fill deadline only of what is opened and has come to no
    end. Those of awards always decide.
    """
    if which is f.Deadline.OPEN_DEADLINE:
        return Leg.OPEN in legs
    return which is f.Deadline.FILL_DEADLINE and (Leg.OPEN not in legs or len(legs) > 1)


def _status_of(evidence: Evidence) -> Status | None:
    for _, status, _, holds in LIFECYCLE:
        if holds(evidence):
            return status
    return None


def _describe(evidence: Evidence, status: Status | None, facts: Sequence[f.Fact], rules: Rules) -> State:
    intent, opened, live, rounds = evidence.intent, evidence.opened, evidence.live_award, evidence.rounds
    solver, output_amount = _who_and_how_much(evidence)
    legs = _legs(evidence)
    is_submitted, is_refund_due = evidence.submitted is not None, opened is not None and status is Status.EXPIRED
    is_waiting = intent is not None and len(legs) == 1 and opened is not None
    refundable_at = intent.fill_deadline + rules.refund_delay_seconds if intent is not None and is_waiting else None
    created = evidence.submitted or opened
    telling = [one for one in facts if not (isinstance(e := one.event, f.DeadlinePassed) and is_moot(e.which, legs))]
    return State(
        _protocol_of(evidence, facts),
        intent or evidence.foreign,
        status,
        is_submitted,
        solver,
        output_amount,
        rounds[-1].round if rounds else 0,
        live.award.open_by if live else None,
        live.award.fill_by if live else None,
        is_refund_due,
        None if refundable_at is None else UnixSeconds(refundable_at),
        legs,
        _anomaly(evidence),
        _is_auctionable(evidence, status),
        tuple([awarded.round for awarded, _ in evidence.unjudged]),
        frozenset([r.award.solver for r in rounds if r.fault is f.Fault.SOLVER]),
        created.timestamp if created else None,
        max([fact.timestamp for fact in telling], default=None),
    )


def _protocol_of(evidence: Evidence, facts: Sequence[f.Fact]) -> Protocol:
    """Whose intent it is, also while a foreign fill is all that is known of it."""
    if evidence.foreign is not None:
        return evidence.foreign.protocol
    lone = () if evidence.intent is not None else facts
    return next((e.protocol for fact in lone if isinstance(e := fact.event, ForeignFilled)), _OUR_OWN)


def _is_auctionable(evidence: Evidence, status: Status | None) -> bool:
    """A new sealed round may start: nothing delivered, every earlier award useless on both chains and judged."""
    return (
        status in _AWAITING
        and evidence.foreign is None
        and evidence.fill is None
        and not evidence.unjudged
        and all(awarded.is_over for awarded in evidence.rounds)
    )


def _who_and_how_much(evidence: Evidence) -> tuple[Address | Account | None, Amount | None]:
    if evidence.fill is not None and isinstance(fill := evidence.fill.event, ForeignFilled):
        return None if fill.solver == ZERO_ACCOUNT else fill.solver, fill.output_amount
    if evidence.fill is not None and isinstance(evidence.fill.event, f.IntentFilled):
        return evidence.fill.event.solver, evidence.fill.event.output_amount
    if evidence.live_award is not None:
        return evidence.live_award.award.solver, evidence.live_award.award.output_amount
    opened = evidence.opened.event if evidence.opened else None
    if isinstance(opened, f.IntentOpened) and opened.solver != ZERO_ADDRESS:
        return opened.solver, opened.output_amount
    return None, None


def _legs(evidence: Evidence) -> Mapping[Leg, f.Fact]:
    happened = evidence.opened, evidence.fill, evidence.settled, evidence.refunded
    return {leg: fact for leg, fact in zip(_LEGS, happened, strict=True) if fact is not None}


def _anomaly(evidence: Evidence) -> Anomaly | None:
    if evidence.refunded is None:
        return None
    if evidence.settled is not None:
        return Anomaly.SETTLED_AND_REFUNDED
    return Anomaly.FILLED_AND_REFUNDED if evidence.fill is not None else None
