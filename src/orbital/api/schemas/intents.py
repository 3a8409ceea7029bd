"""Intents on the wire: the submission, the Intent, its Status and its ledger."""

import re
from typing import Any, Final

from orbital.api.schemas import values as v
from orbital.chain import hexes
from orbital.domain import explain
from orbital.domain.intent import Intent
from orbital.domain.lifecycle import Leg
from orbital.domain.types import Protocol
from orbital.storage import facts_json
from orbital.storage.intents import AnyView, ForeignView, finality_of
from orbital.storage.ledger import LedgerEntry
from orbital.storage.pool import Row

_LEGS: Final = tuple(leg.value for leg in Leg)
_ADDRESS: Final = re.compile(r"0x[0-9a-f]{40}")


class SignedIntent(v.Strict):
    """The twelve signed fields."""

    user: v.AddressIn
    recipient: v.AddressIn
    origin_chain_id: v.ChainIdIn
    destination_chain_id: v.ChainIdIn
    input_token: v.AddressIn
    input_amount: v.AmountIn
    output_token: v.AddressIn
    min_output_amount: v.AmountIn
    nonce: v.NonceIn
    open_deadline: v.DeadlineIn
    fill_deadline: v.DeadlineIn
    auctioneer: v.AddressIn

    def to_domain(self) -> Intent:
        return Intent(**self.__dict__)


class Submission(v.Strict):
    """Body of POST /api/v1/intents."""

    intent: SignedIntent
    signature: v.SignatureIn


class ShownFields(v.Shown):
    """The signed fields, shown."""

    user: v.Checksummed
    recipient: v.Checksummed
    origin_chain_id: v.Integer
    destination_chain_id: v.Integer
    input_token: v.Checksummed
    input_amount: v.Decimal
    output_token: v.Checksummed
    min_output_amount: v.Decimal
    nonce: v.Decimal
    open_deadline: v.Integer
    fill_deadline: v.Integer
    auctioneer: v.Checksummed


class ShownLeg(v.Shown):
    """A step that happened on a chain."""

    name: str
    chain_id: v.Integer
    tx_hash: v.Hash
    block_number: v.Integer
    log_index: v.Integer
    timestamp: v.Time
    finality: str


class ShownIntent(v.Shown):
    """An intent with everything public about it. Foreign ones have null for what only ours have."""

    intent_id: v.Hash
    protocol: Protocol
    reference: str | None
    user: v.AccountText
    recipient: v.AccountText
    origin_chain_id: v.Integer
    destination_chain_id: v.Integer
    input_token: v.AccountText
    input_amount: v.Decimal
    output_token: v.AccountText
    min_output_amount: v.Decimal
    nonce: v.Decimal | None
    open_deadline: v.Integer | None
    fill_deadline: v.Integer
    auctioneer: v.Checksummed | None
    status: str
    output_amount: v.Decimal | None
    solver: v.AccountText | None
    round: v.Integer
    open_by: v.Integer | None
    fill_by: v.Integer | None
    refund_due: bool
    refundable_at: v.Time | None
    legs: list[ShownLeg]
    created_at: v.Time
    updated_at: v.Time


class ShownIntents(v.Shown):
    data: list[ShownIntent]
    next_cursor: str | None


class ShownProgress(v.Shown):
    current_step: str
    steps_completed: int
    total_steps: int
    percentage: int


class ShownExplain(v.Shown):
    code: str
    detail: str


class ShownStatus(v.Shown):
    """How far an intent is and what it waits for."""

    intent_id: v.Hash
    status: str
    progress: ShownProgress
    estimated_completion: v.Time | None
    explain: ShownExplain


class ShownEvent(v.Shown):
    """One row of the ledger; off-chain facts have nulls for their place."""

    seq: v.Integer
    name: str
    actor: v.AccountText | None
    canonical: bool
    chain_id: v.Integer | None
    block_number: v.Integer | None
    block_hash: v.Hash | None
    tx_hash: v.Hash | None
    log_index: v.Integer | None
    timestamp: v.Time
    data: dict[str, Any]


class ShownEvents(v.Shown):
    data: list[ShownEvent]
    next_cursor: str | None


def show_fields(intent: Intent) -> dict[str, Any]:
    """The twelve signed fields."""
    return {
        "user": hexes.to_checksum(intent.user),
        "recipient": hexes.to_checksum(intent.recipient),
        "origin_chain_id": intent.origin_chain_id,
        "destination_chain_id": intent.destination_chain_id,
        "input_token": hexes.to_checksum(intent.input_token),
        "input_amount": str(intent.input_amount),
        "output_token": hexes.to_checksum(intent.output_token),
        "min_output_amount": str(intent.min_output_amount),
        "nonce": str(intent.nonce),
        "open_deadline": int(intent.open_deadline),
        "fill_deadline": int(intent.fill_deadline),
        "auctioneer": hexes.to_checksum(intent.auctioneer),
    }


def show_intent(row: Row) -> dict[str, Any]:
    """The Intent of the interface from its row; the signature is no part of it.

    A foreign one's row has no value where only ours have one.
    """
    return {
        "intent_id": hexes.to_hex(row["intent_id"]),
        "protocol": row["protocol"],
        "reference": row["reference"],
        "user": hexes.write_account(row["user_address"]),
        "recipient": hexes.write_account(row["recipient"]),
        "origin_chain_id": row["origin_chain_id"],
        "destination_chain_id": row["destination_chain_id"],
        "input_token": hexes.write_account(row["input_token"]),
        "input_amount": str(row["input_amount"]),
        "output_token": hexes.write_account(row["output_token"]),
        "min_output_amount": str(row["min_output_amount"]),
        "nonce": v.show_amount(row["nonce"]),
        "open_deadline": row["open_deadline"],
        "fill_deadline": row["fill_deadline"],
        "auctioneer": v.show_account(row["auctioneer"]),
        "status": row["status"],
        "output_amount": v.show_amount(row["output_amount"]),
        "solver": v.show_account(row["solver"]),
        "round": row["round"],
        "open_by": row["open_by"],
        "fill_by": row["fill_by"],
        "refund_due": row["refund_due"],
        "refundable_at": v.show_seconds(row["refundable_at"]),
        "legs": _show_legs(row),
        "created_at": v.show_seconds(row["created_at"]),
        "updated_at": v.show_seconds(row["updated_at"]),
    }


def _show_legs(row: Row) -> list[dict[str, Any]]:
    """Steps in the order in which they are made."""
    legs = row["legs"]
    return [
        {
            "name": name,
            "chain_id": leg["chain_id"],
            "tx_hash": leg["tx_hash"],
            "block_number": leg["block_number"],
            "log_index": leg["log_index"],
            "timestamp": v.show_seconds(leg["timestamp"]),
            "finality": finality_of(leg, row),
        }
        for name in _LEGS
        if (leg := legs.get(name)) is not None
    ]


def show_status(view: AnyView, reason: explain.Explain) -> dict[str, Any]:
    """The Status: the latest time by which the award in force must be delivered is the estimate."""
    if isinstance(view, ForeignView):
        progress, fill_by = explain.foreign_progress_of(view.status), None
    else:
        progress, fill_by = explain.progress_of(view.status, opened=view.is_opened), view.fill_by
    is_open_ended = progress.current_step == "done" or view.refund_due
    return {
        "intent_id": hexes.to_hex(view.intent_id),
        "status": view.status.value,
        "progress": {
            "current_step": progress.current_step,
            "steps_completed": progress.steps_completed,
            "total_steps": progress.total_steps,
            "percentage": progress.percentage,
        },
        "estimated_completion": None if is_open_ended else v.show_seconds(fill_by),
        "explain": {"code": reason.value, "detail": explain.DETAILS[reason]},
    }


def show_event(entry: LedgerEntry) -> dict[str, Any]:
    """A fact with its proof."""
    fact, place = entry.fact, entry.fact.position
    return {
        "seq": entry.seq,
        "name": fact.name,
        "actor": v.show_account(fact.actor),
        "canonical": entry.canonical,
        "chain_id": place and place.chain_id,
        "block_number": place and place.block_number,
        "block_hash": place and hexes.to_hex(place.block_hash),
        "tx_hash": place and place.tx_hash and hexes.to_hex(place.tx_hash),
        "log_index": None if place is None or place.is_block_fact else place.log_index,
        "timestamp": v.show_seconds(fact.timestamp),
        "data": with_checksums(facts_json.encode(fact.event)),
    }


def with_checksums(value: Any) -> Any:
    """JSON whose addresses are in lower case, with their checksums."""
    if isinstance(value, dict):
        return {name: with_checksums(one) for name, one in value.items()}
    if isinstance(value, list):
        return [with_checksums(one) for one in value]
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return hexes.to_checksum(hexes.parse_address(value))
    return value
