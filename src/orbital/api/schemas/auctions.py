"""Auctions on the wire: what a solver needs to bid, the bid, the award, and the round once it is public."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from orbital.api.schemas import values as v
from orbital.api.schemas.intents import ShownFields, show_fields, with_checksums
from orbital.chain import hexes
from orbital.domain.auction import Unscored
from orbital.domain.intent import Award, Bid
from orbital.domain.types import IntentId
from orbital.storage.auctions import AwardView, PendingAuction, RoundRecord


class SignedBid(v.Strict):
    """The four signed fields."""

    intent_id: v.HashIn
    solver: v.AddressIn
    output_amount: v.AmountIn
    valid_until: v.SecondsIn

    def to_domain(self) -> Bid:
        return Bid(**dict(self))


class BidSubmission(v.Strict):
    """Body of POST /api/v1/intents/{id}/bids."""

    bid: SignedBid
    signature: v.SignatureIn


class AcceptedBid(v.Shown):
    bid_id: v.Hash
    status: str


class ShownPending(v.Shown):
    """An open auction. `status` is opened for an intent that its user escrowed himself."""

    intent_id: v.Hash
    intent: ShownFields
    status: str
    round: v.Integer
    opened_at: v.Time
    closes_at: v.Time


class ShownPendings(v.Shown):
    data: list[ShownPending]
    next_cursor: str | None


class ShownAwardFields(v.Shown):
    intent_id: v.Hash
    solver: v.Checksummed
    output_amount: v.Decimal
    open_by: v.Integer
    fill_by: v.Integer


class ShownAward(v.Shown):
    """What the winner needs to open and to fill. `signature` is null when the user opened himself."""

    intent: ShownFields
    signature: v.Hex | None
    award: ShownAwardFields
    award_signature: v.Hex


class ShownAwards(v.Shown):
    data: list[ShownAward]
    next_cursor: str | None


class ShownBid(v.Shown):
    """A bid with what became of it; `reason` says why it did not win."""

    solver: v.Checksummed
    output_amount: v.Decimal
    valid_until: v.Integer
    reputation: int | None
    score: str | None
    rank: int | None
    reason: str | None


class ShownRound(v.Shown):
    """A round. `reason` says why nobody won; `award` is what the winner got."""

    round: v.Integer
    state: str
    opened_at: v.Time
    closes_at: v.Time
    closed_at: v.Time | None
    min_output_amount: v.Decimal | None
    reason: str | None
    bids: list[ShownBid]
    award: dict[str, Any] | None


class ShownAuction(v.Shown):
    intent_id: v.Hash
    rounds: list[ShownRound]


def show_pending(one: PendingAuction) -> dict[str, Any]:
    return {
        "intent_id": hexes.to_hex(one.intent_id),
        "intent": show_fields(one.intent),
        "status": "opened" if one.is_opened else "pending",
        "round": one.round,
        "opened_at": v.show_time(one.opened_at),
        "closes_at": v.show_time(one.closes_at),
    }


def show_award(one: AwardView) -> dict[str, Any]:
    return {
        "intent": show_fields(one.intent),
        "signature": None if one.user_signature is None else hexes.to_hex(one.user_signature),
        "award": show_award_fields(one.award),
        "award_signature": hexes.to_hex(one.award_signature),
    }


def show_award_fields(award: Award) -> dict[str, Any]:
    return {
        "intent_id": hexes.to_hex(award.intent_id),
        "solver": hexes.to_checksum(award.solver),
        "output_amount": str(award.output_amount),
        "open_by": int(award.open_by),
        "fill_by": int(award.fill_by),
    }


def show_auction(intent_id: IntentId, rounds: Sequence[tuple[RoundRecord, Sequence[Unscored]]]) -> dict[str, Any]:
    """Every round with its bids: as they were judged, or bare for a round that ended without a judgement."""
    return {"intent_id": hexes.to_hex(intent_id), "rounds": [_show_round(one, bids) for one, bids in rounds]}


def announce_opened(intent_id: IntentId, round_: int, closes_at: dt.datetime) -> dict[str, Any]:
    """Data of the announcement that a round opened."""
    return {"intent_id": hexes.to_hex(intent_id), "round": round_, "closes_at": v.show_time(closes_at)}


def _show_round(one: RoundRecord, bids: Sequence[Unscored]) -> dict[str, Any]:
    outcome = with_checksums(one.outcome or {})
    judged = {bid["seq"]: bid for bid in outcome.get("bids", [])}
    shown = [_show_bid(bid, judged.get(bid.seq, {})) for bid in bids]
    return {
        "round": one.round,
        "state": one.state,
        "opened_at": v.show_time(one.opened_at),
        "closes_at": v.show_time(one.closes_at),
        "closed_at": v.show_time(one.closed_at),
        "min_output_amount": outcome.get("min_output_amount"),
        "reason": outcome.get("reason") or outcome.get("refused"),
        "bids": sorted(shown, key=lambda bid: (bid["rank"] is None, bid["rank"] or 0)),
        "award": outcome.get("award"),
    }


def _show_bid(entry: Unscored, judged: dict[str, Any]) -> dict[str, Any]:
    return {
        "solver": hexes.to_checksum(entry.bid.solver),
        "output_amount": str(entry.bid.output_amount),
        "valid_until": int(entry.bid.valid_until),
        "reputation": judged.get("reputation"),
        "score": judged.get("score"),
        "rank": judged.get("rank"),
        "reason": judged.get("reason"),
    }
