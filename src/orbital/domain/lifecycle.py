"""The lifecycle: an intent's state is a pure function of its canonical facts, in any order of arrival.

`LIFECYCLE` is the whole rule: the status is the first row whose evidence is there. Everything else in this module
only looks for the evidence. Facts arrive from two chains and from the API in no particular order (a fill may be seen
before its open), a reorg may take one away again; nothing here depends on what the state was before.

Finality is not part of the state: it follows from the chains' heads when it is read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent, ForeignOpened
from orbital.domain.intent import Award, Intent
from orbital.domain.types import (
    ZERO_ACCOUNT,
    ZERO_ADDRESS,
    Account,
    Address,
    Amount,
    ChainId,
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


@dataclass(frozen=True, slots=True)
class Rules:
    """What the fold must know of the deployment: whose word counts, and how long a refund waits."""

    settlers: Mapping[ChainId, Address]
    refund_delay_seconds: int


@dataclass(frozen=True, slots=True)
class AwardedRound:
    """One award and what became of its two times."""

    round: int
    award: Award
    awarded_at: UnixSeconds
    open_by_passed: f.Fact | None
    fill_by_passed: f.Fact | None
    fault: f.Fault | None

    @property
    def is_over(self) -> bool:
        """No chain takes this award any more."""
        return self.open_by_passed is not None and self.fill_by_passed is not None


class Evidence(NamedTuple):
    """The canonical facts of one intent, sorted by what they prove. It is one of ours or a foreign one, never both."""

    intent: Intent | None
    foreign: ForeignIntent | None
    submitted: f.Fact | None
    opened: f.Fact | None
    fill: f.Fact | None
    duplicate_fills: tuple[f.Fact, ...]
    settled: f.Fact | None
    refunded: f.Fact | None
    destination_expired: f.Fact | None
    nonce_taken: f.Fact | None
    cancelled: f.Fact | None
    open_deadline_passed: bool
    fill_deadline_passed: bool
    rounds: tuple[AwardedRound, ...]

    @property
    def live_award(self) -> AwardedRound | None:
        """The latest award whose next step is still in time: the open before it, the fill after."""
        if not self.rounds:
            return None
        last = self.rounds[-1]
        return None if self._missed(last) else last

    @property
    def unjudged(self) -> tuple[tuple[AwardedRound, f.Fact], ...]:
        """Awards that lapsed and still lack the verdict on whose fault it was, each with the deadline missed."""
        if self.fill is not None or not self.rounds:
            return ()
        return tuple(
            (awarded, missed)
            for awarded in self.rounds
            if awarded.fault is None and (missed := self._missed(awarded)) is not None
        )

    def _missed(self, awarded: AwardedRound) -> f.Fact | None:
        """The deadline that an award missed: to open, or once the intent is open, to fill."""
        return awarded.fill_by_passed if self.opened else awarded.open_by_passed


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
_OURS: Final = (f.IntentSubmitted, f.IntentOpened)
_LEGS: Final = tuple(Leg)
_OPEN_DEADLINE, _FILL_DEADLINE = (f.Deadline.OPEN_DEADLINE, 0), (f.Deadline.FILL_DEADLINE, 0)


def fold(intent_id: IntentId, facts: Sequence[f.Fact], rules: Rules) -> State:
    """State of `intent_id` from its canonical facts, given in any order.

    `facts` also holds what concerns the intent's nonce: `NonceInvalidated` of its user, and `IntentOpened` of other
    intents with the same user, chain and nonce (their `intent_id` differs).
    """
    evidence = gather(intent_id, facts, rules)
    is_known = evidence.intent is not None or evidence.foreign is not None
    status = next((status for _, status, _, holds in LIFECYCLE if holds(evidence)), None) if is_known else None
    return _describe(evidence, status, facts, rules)


def is_moot(which: f.Deadline, legs: Collection[Leg]) -> bool:
    """Whether the passing of a time leaves an intent with these legs as it is.

    The open deadline decides only while nothing is opened, the fill deadline only of what is opened and has come to no
    end. Those of awards always decide.
    """
    if which is f.Deadline.OPEN_DEADLINE:
        return Leg.OPEN in legs
    return which is f.Deadline.FILL_DEADLINE and (Leg.OPEN not in legs or len(legs) > 1)


def gather(intent_id: IntentId, facts: Sequence[f.Fact], rules: Rules) -> Evidence:
    """Sort canonical facts into evidence; see `fold` for what `facts` holds."""
    own = [fact for fact in facts if fact.intent_id == intent_id]
    if len(own) > 1:
        own.sort(key=_chain_order)
    first = {type(fact.event): fact for fact in reversed(own)}
    submitted = first.get(f.IntentSubmitted)
    opened = first.get(f.IntentOpened) or first.get(ForeignOpened)
    intent = _intent_of(submitted) or _intent_of(opened)
    foreign = opened.event.intent if opened and isinstance(opened.event, ForeignOpened) and intent is None else None
    is_filled = f.IntentFilled in first or ForeignFilled in first
    fills = _fills(own, intent, foreign, rules) if is_filled else ()
    passed = _passed(own) if f.DeadlinePassed in first else {}
    destination_expired = first.get(f.IntentExpired)
    return Evidence(
        intent=intent,
        foreign=foreign,
        submitted=submitted,
        opened=opened,
        fill=fills[0] if fills else None,
        duplicate_fills=fills[1:],
        settled=first.get(f.IntentSettled),
        refunded=first.get(f.IntentRefunded),
        destination_expired=destination_expired,
        nonce_taken=None if intent is None or len(own) == len(facts) else _nonce_taken(intent_id, intent, facts),
        cancelled=first.get(f.IntentCancelled),
        open_deadline_passed=_OPEN_DEADLINE in passed,
        fill_deadline_passed=_FILL_DEADLINE in passed or destination_expired is not None,
        rounds=_rounds(intent_id, own, passed) if f.IntentAwarded in first else (),
    )


def is_valid_fill(fact: f.Fact, intent: Intent, rules: Rules) -> bool:
    """Whether a fact is the delivery that `intent` asked for, said by the destination's own settler."""
    event = fact.event
    return (
        isinstance(event, f.IntentFilled)
        and fact.position is not None
        and fact.position.chain_id == intent.destination_chain_id
        and event.emitter == rules.settlers.get(intent.destination_chain_id)
        and event.origin_chain_id == intent.origin_chain_id
        and event.recipient == intent.recipient
        and event.output_token == intent.output_token
        and event.output_amount >= intent.min_output_amount
    )


def is_foreign_fill(fact: f.Fact, intent: ForeignIntent) -> bool:
    """Whether a fact is the delivery of a foreign intent: its id commits to all terms, so only the chain is left."""
    return (
        isinstance(fact.event, ForeignFilled)
        and fact.event.protocol is intent.protocol
        and fact.position is not None
        and fact.position.chain_id == intent.destination_chain_id
    )


def _describe(evidence: Evidence, status: Status | None, facts: Sequence[f.Fact], rules: Rules) -> State:
    intent, live = evidence.intent, evidence.live_award
    solver, output_amount = _who_and_how_much(evidence)
    legs = _legs(evidence)
    telling = [one for one in facts if not (isinstance(e := one.event, f.DeadlinePassed) and is_moot(e.which, legs))]
    created = evidence.submitted or evidence.opened
    unpaid = evidence.opened is not None and evidence.fill is None and evidence.settled is None
    return State(
        protocol=_protocol_of(evidence, facts),
        intent=intent or evidence.foreign,
        status=status,
        submitted=evidence.submitted is not None,
        solver=solver,
        output_amount=output_amount,
        round=evidence.rounds[-1].round if evidence.rounds else 0,
        open_by=live.award.open_by if live else None,
        fill_by=live.award.fill_by if live else None,
        refund_due=evidence.opened is not None and status is Status.EXPIRED,
        refundable_at=(
            UnixSeconds(intent.fill_deadline + rules.refund_delay_seconds)
            if intent is not None and unpaid and evidence.refunded is None
            else None
        ),
        legs=legs,
        anomaly=_anomaly(evidence),
        auctionable=_is_auctionable(evidence, status),
        unjudged_rounds=tuple([awarded.round for awarded, _ in evidence.unjudged]),
        lapsed_solvers=frozenset([r.award.solver for r in evidence.rounds if r.fault is f.Fault.SOLVER]),
        created_at=created.timestamp if created else None,
        updated_at=max([fact.timestamp for fact in telling], default=None),
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


def _rounds(
    intent_id: IntentId, own: Sequence[f.Fact], passed: Mapping[tuple[f.Deadline, int], f.Fact]
) -> tuple[AwardedRound, ...]:
    faults = {e.round: e.fault for e in (fact.event for fact in own) if isinstance(e, f.AwardLapsed)}
    rounds = [
        AwardedRound(
            round=e.round,
            award=Award(intent_id, e.solver, e.output_amount, e.open_by, e.fill_by),
            awarded_at=fact.timestamp,
            open_by_passed=passed.get((f.Deadline.OPEN_BY, e.round)),
            fill_by_passed=passed.get((f.Deadline.FILL_BY, e.round)),
            fault=faults.get(e.round),
        )
        for fact in own
        if isinstance(e := fact.event, f.IntentAwarded)
    ]
    return tuple(sorted(rounds, key=lambda awarded: awarded.round))


def _fills(
    own: Sequence[f.Fact], intent: Intent | None, foreign: ForeignIntent | None, rules: Rules
) -> tuple[f.Fact, ...]:
    return tuple(
        fact
        for fact in own
        if (foreign is not None and is_foreign_fill(fact, foreign))
        or (intent is not None and is_valid_fill(fact, intent, rules))
    )


def _passed(own: Sequence[f.Fact]) -> dict[tuple[f.Deadline, int], f.Fact]:
    return {(e.which, e.round): fact for fact in own if isinstance(e := fact.event, f.DeadlinePassed)}


def _nonce_taken(intent_id: IntentId, intent: Intent, facts: Sequence[f.Fact]) -> f.Fact | None:
    """The first fact by which the intent's nonce can no longer open it."""
    for fact in sorted(facts, key=_chain_order):
        if fact.position is None or fact.position.chain_id != intent.origin_chain_id:
            continue
        match fact.event:
            case f.NonceInvalidated(user=intent.user, nonce=intent.nonce):
                return fact
            case f.IntentOpened(intent=other) if fact.intent_id != intent_id and (other.user, other.nonce) == (
                intent.user,
                intent.nonce,
            ):
                return fact
            case _:
                continue
    return None


def _intent_of(fact: f.Fact | None) -> Intent | None:
    return fact.event.intent if fact and isinstance(fact.event, _OURS) else None


def _chain_order(fact: f.Fact) -> tuple[int, int, int, int]:
    """Off-chain facts by time, then chain facts in chain order."""
    p = fact.position
    return (0, fact.timestamp, 0, 0) if p is None else (1, p.chain_id, p.block_number, p.log_index)
