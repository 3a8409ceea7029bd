"""The sealed-bid auction: who wins a round, and why each other bid lost.

A bid is scored by what the user would get, weighted by how reliably its solver delivers:

    score = output_amount * reliability_ppm,   reliability_ppm = 995000 + reputation // 2

so the best record (10 000) wins against none with at most 50 bps less. The highest score wins; ties go to the larger
output, then to the bid that was stored first. The product is exact: no rounding decides an auction. Ranking is pure
and replayable: everything it reads is stored with the round.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.domain.intent import Bid
from orbital.domain.types import Address, Amount, UnixSeconds

RELIABILITY_FLOOR_PPM: Final = 995_000
REPUTATION_MAX: Final = 10_000
NEW_SOLVER_REPUTATION: Final = 5_000
BID_VALIDITY_AFTER_CLOSE_SECONDS: Final = 5
LAPSES_TO_BENCH: Final = 3
LAPSE_WINDOW_SECONDS: Final = 24 * 3600
FIRST_BENCH_SECONDS: Final = 15 * 60
LAPSES_SEEN_SECONDS: Final = 7 * 24 * 3600  # how far back `benched_until` must be shown lapses


class Refusal(StrEnum):
    """Why a bid does not count."""

    TOO_LOW = "bid_too_low"
    LATE = "bid_late"
    EXPIRED = "bid_expired"
    NOT_ELIGIBLE = "not_eligible"
    BENCHED = "benched"
    WRONG_SOLVER = "wrong_solver"
    INVALID_SIGNATURE = "invalid_signature"


class Loss(StrEnum):
    """Why a counted bid did not win, or a bid did not count at the close."""

    OUTBID = "outbid"
    REPLACED = "replaced"  # the same solver bid again


@dataclass(frozen=True, slots=True)
class Standing:
    """What the auction knows of a solver at the close."""

    solver: Address
    reputation: int
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Unscored:
    """A stored bid. `seq` is its database sequence and breaks the last tie."""

    seq: int
    bid: Bid


@dataclass(frozen=True, slots=True)
class Scored:
    seq: int
    bid: Bid
    reputation: int
    score: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """`rank` counts from 1; the winner is rank 1."""

    rank: int
    scored: Scored


@dataclass(frozen=True, slots=True)
class Outcome:
    """`ranked` in order of rank; `refused` holds each bid that did not count, with its reason."""

    ranked: tuple[Ranked, ...]
    refused: tuple[tuple[Unscored, Refusal | Loss], ...]

    @property
    def winner(self) -> Scored | None:
        return self.ranked[0].scored if self.ranked else None


def decide(
    bids: Sequence[Unscored],
    standings: Iterable[Standing],
    min_output_amount: Amount,
    closed_at: UnixSeconds,
) -> Outcome:
    """Rank the bids of a round that closes at `closed_at` (host time). The last bid of a solver counts."""
    known = {standing.solver: standing for standing in standings}
    refused: list[tuple[Unscored, Refusal | Loss]] = []
    counted: list[Scored] = []
    last = {entry.bid.solver: entry for entry in sorted(bids, key=lambda entry: entry.seq)}
    for entry in sorted(bids, key=lambda entry: entry.seq):
        if last[entry.bid.solver] is not entry:
            refused.append((entry, Loss.REPLACED))
            continue
        standing = known.get(entry.bid.solver)
        refusal = _refusal(entry.bid, standing, min_output_amount, closed_at)
        if refusal is not None or standing is None:
            refused.append((entry, refusal or Refusal.NOT_ELIGIBLE))
        else:
            counted.append(score(entry, standing.reputation))
    return Outcome(ranked=rank(counted), refused=tuple(refused))


def score(entry: Unscored, reputation: int) -> Scored:
    return Scored(entry.seq, entry.bid, reputation, entry.bid.output_amount * reliability_ppm(reputation))


def rank(scored: Sequence[Scored]) -> tuple[Ranked, ...]:
    ordered = sorted(scored, key=lambda one: (-one.score, -one.bid.output_amount, one.seq))
    return tuple(Ranked(place, one) for place, one in enumerate(ordered, start=1))


def reliability_ppm(reputation: int) -> int:
    """Weight of a bid in parts per million, from a reputation of 0 to 10 000."""
    return RELIABILITY_FLOOR_PPM + reputation // 2


def benched_until(lapses: Iterable[UnixSeconds]) -> UnixSeconds | None:
    """End of the last bench that a solver's lapses (his fault, any order) earned him; None without one.

    Three lapses within 24 h bench for 15 min from the third; each further bench within 24 h of the last one doubles.
    """
    until: UnixSeconds | None = None
    recent: list[UnixSeconds] = []
    benches: list[UnixSeconds] = []
    for lapse in sorted(lapses):
        recent = [*(t for t in recent if lapse - t < LAPSE_WINDOW_SECONDS), lapse]
        if len(recent) < LAPSES_TO_BENCH:
            continue
        benches = [t for t in benches if lapse - t < LAPSE_WINDOW_SECONDS]
        until = UnixSeconds(lapse + FIRST_BENCH_SECONDS * 2 ** len(benches))
        benches.append(lapse)
        recent = []
    return until


def _refusal(bid: Bid, standing: Standing | None, min_output_amount: Amount, closed_at: UnixSeconds) -> Refusal | None:
    if standing is None:
        return Refusal.NOT_ELIGIBLE
    if standing.refusal is not None:
        return standing.refusal
    if bid.output_amount < min_output_amount:
        return Refusal.TOO_LOW
    if bid.valid_until < closed_at:
        return Refusal.EXPIRED
    return None
