"""What the canonical facts of one intent prove, sorted; what the lifecycle makes of it is said there.

Whose word counts is decided here: a fill is one only if the destination's own settler says it and it is what the intent
asked for; a nonce is gone with the first fact that took it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent, ForeignOpened
from orbital.domain.intent import Award, Intent
from orbital.domain.types import Address, ChainId, IntentId, UnixSeconds


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


_OURS: Final = (f.IntentSubmitted, f.IntentOpened)
_OPEN_DEADLINE, _FILL_DEADLINE = (f.Deadline.OPEN_DEADLINE, 0), (f.Deadline.FILL_DEADLINE, 0)


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
    fill, duplicate_fills = (fills[0], fills[1:]) if fills else (None, ())
    nonce_taken = None if intent is None or len(own) == len(facts) else _nonce_taken(intent_id, intent, facts)
    rounds = _rounds(intent_id, own, passed) if f.IntentAwarded in first else ()
    return Evidence(
        intent,
        foreign,
        submitted,
        opened,
        fill,
        duplicate_fills,
        first.get(f.IntentSettled),
        first.get(f.IntentRefunded),
        destination_expired,
        nonce_taken,
        first.get(f.IntentCancelled),
        _OPEN_DEADLINE in passed,
        _FILL_DEADLINE in passed or destination_expired is not None,
        rounds,
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
