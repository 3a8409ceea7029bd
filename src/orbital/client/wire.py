"""The service's answers as they travel: amounts and nonces as decimal strings, ids and addresses as hex text.

Fields that a newer service adds are skipped unread. `to_domain` gives the values that are signed and sent to chains;
it raises Rejected for text that is none.
"""

import datetime as dt
from typing import Any, Generic, TypeVar

import msgspec

from orbital.chain import hexes
from orbital.domain.errors import Rejected
from orbital.domain.intent import Award, Intent
from orbital.domain.types import Amount, ChainId, IntentId, UnixSeconds

Item = TypeVar("Item")


class Page(msgspec.Struct, Generic[Item], frozen=True):
    """A list's page; `next_cursor` is None on the last."""

    data: list[Item]
    next_cursor: str | None = None


class Offer(msgspec.Struct, frozen=True):
    """What an intent of any protocol offers. Accounts on chains that are no EVM are 32 bytes in hex."""

    user: str
    recipient: str
    origin_chain_id: int
    destination_chain_id: int
    input_token: str
    input_amount: str
    output_token: str
    min_output_amount: str
    fill_deadline: int


class IntentFields(Offer, frozen=True, kw_only=True):
    """The twelve signed fields."""

    nonce: str
    open_deadline: int
    auctioneer: str

    def to_domain(self) -> Intent:
        return _to_intent(self, self.nonce, self.open_deadline, self.auctioneer)


class Leg(msgspec.Struct, frozen=True):
    """A step that happened on a chain; `finality` is latest, safe or finalized."""

    name: str
    chain_id: int
    tx_hash: str
    block_number: int
    log_index: int
    timestamp: dt.datetime
    finality: str


class IntentView(Offer, frozen=True, kw_only=True):
    """An intent with everything public about it. One of a foreign `protocol` has None for what only ours have."""

    intent_id: str
    protocol: str
    reference: str | None
    nonce: str | None
    open_deadline: int | None
    auctioneer: str | None
    status: str
    output_amount: str | None
    solver: str | None
    round: int
    open_by: int | None
    fill_by: int | None
    refund_due: bool
    refundable_at: dt.datetime | None
    legs: list[Leg]
    created_at: dt.datetime
    updated_at: dt.datetime

    def to_domain(self) -> Intent:
        """The signed fields. Rejected `foreign_intent` for an intent of another protocol, which nobody signed."""
        if self.nonce is None or self.open_deadline is None or self.auctioneer is None:
            raise Rejected("foreign_intent", f"This is an intent of {self.protocol}; it has no signed fields.")
        return _to_intent(self, self.nonce, self.open_deadline, self.auctioneer)


class Progress(msgspec.Struct, frozen=True):
    current_step: str
    steps_completed: int
    total_steps: int
    percentage: int


class Explain(msgspec.Struct, frozen=True):
    code: str
    detail: str


class Status(msgspec.Struct, frozen=True):
    """How far an intent is and what it waits for."""

    intent_id: str
    status: str
    progress: Progress
    estimated_completion: dt.datetime | None
    explain: Explain


class Event(msgspec.Struct, frozen=True):
    """One row of the ledger; off-chain facts have None for their place."""

    seq: int
    name: str
    actor: str | None
    canonical: bool
    chain_id: int | None
    block_number: int | None
    block_hash: str | None
    tx_hash: str | None
    log_index: int | None
    timestamp: dt.datetime
    data: dict[str, Any]


class Pending(msgspec.Struct, frozen=True):
    """An open auction. `closes_at` of an idle one is when it would close if a bid came now."""

    intent_id: str
    intent: IntentFields
    round: int
    opened_at: dt.datetime
    closes_at: dt.datetime


class AcceptedBid(msgspec.Struct, frozen=True):
    bid_id: str
    status: str


class AwardFields(msgspec.Struct, frozen=True):
    intent_id: str
    solver: str
    output_amount: str
    open_by: int
    fill_by: int

    def to_domain(self) -> Award:
        return Award(
            IntentId(hexes.parse_hash(self.intent_id)),
            hexes.parse_address(self.solver),
            Amount(int(self.output_amount)),
            UnixSeconds(self.open_by),
            UnixSeconds(self.fill_by),
        )


class SignedAward(msgspec.Struct, frozen=True):
    """All that the winner needs; `signature` is None for an intent that its user opened himself."""

    intent: IntentFields
    signature: str | None
    award: AwardFields
    award_signature: str


class Awards(msgspec.Struct, frozen=True):
    """A solver's awards, newest first, and the `etag` to wait for a change of them with."""

    data: list[SignedAward]
    etag: str | None


class Challenge(msgspec.Struct, frozen=True):
    message: str
    nonce: str
    expires_at: dt.datetime


class Login(msgspec.Struct, frozen=True):
    """A token pair; `expires_in` is the access token's, in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    address: str
    roles: list[str]

    def __repr__(self) -> str:
        return f"Login(address={self.address}, roles={self.roles})"


class Statistics(msgspec.Struct, frozen=True):
    """Counts of the account's intents."""

    intents: int
    intents_by_status: dict[str, int]


class Profile(msgspec.Struct, frozen=True):
    """Who is logged in."""

    address: str
    roles: list[str]
    statistics: Statistics


class Registry(msgspec.Struct, frozen=True):
    chain_id: int
    address: str


class ChainRules(msgspec.Struct, frozen=True):
    chain_id: int
    fill_window_seconds: int
    fill_after: str


class Protocol(msgspec.Struct, frozen=True):
    """What a wallet needs to sign; `types` are the EIP-712 types."""

    name: str
    version: str
    auctioneer: str
    auction_window_ms: int
    min_bond_wei: str
    registry: Registry
    refund_delay_seconds: int
    chains: list[ChainRules]
    types: dict[str, Any]


class Dispute(msgspec.Struct, frozen=True):
    """Nodes don't agree about final blocks from `block` on; `code` is nodes_disagree or stored_differs."""

    code: str
    block: int
    detail: str


class Chain(msgspec.Struct, frozen=True):
    """A served chain; heights are None before anything is known, `status` is ok, lagging, stopped or unreachable.

    `finalized` is the node's word; what the service calls final is at most `verified`.
    """

    chain_id: int
    name: str
    settler: str
    mailbox: str
    status: str
    pools: list[str] = []
    head: int | None = None
    checkpoint: int | None = None
    safe: int | None = None
    finalized: int | None = None
    lag_blocks: int | None = None
    lag_seconds: int | None = None
    verified: int | None = None
    dispute: Dispute | None = None


class Token(msgspec.Struct, frozen=True):
    """The same `asset` is the same coin on several chains."""

    chain_id: int
    address: str
    symbol: str
    name: str
    decimals: int
    asset: str


class Health(msgspec.Struct, frozen=True):
    """`status` is healthy, degraded or unhealthy; the parts are as the service words them."""

    status: str
    version: str
    uptime_seconds: float
    database: Any = None
    redis: Any = None
    chains: Any = None


class Problem(msgspec.Struct, frozen=True):
    """An error's body, RFC 9457."""

    status: int
    code: str
    detail: str = ""
    request_id: str | None = None
    errors: list[dict[str, str]] = []


def write_intent(intent: Intent) -> dict[str, Any]:
    """The twelve signed fields as JSON."""
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
        "open_deadline": intent.open_deadline,
        "fill_deadline": intent.fill_deadline,
        "auctioneer": hexes.to_checksum(intent.auctioneer),
    }


def _to_intent(offer: Offer, nonce: str, open_deadline: int, auctioneer: str) -> Intent:
    return Intent(
        hexes.parse_address(offer.user),
        hexes.parse_address(offer.recipient),
        ChainId(offer.origin_chain_id),
        ChainId(offer.destination_chain_id),
        hexes.parse_address(offer.input_token),
        Amount(int(offer.input_amount)),
        hexes.parse_address(offer.output_token),
        Amount(int(offer.min_output_amount)),
        int(nonce),
        UnixSeconds(open_deadline),
        UnixSeconds(offer.fill_deadline),
        hexes.parse_address(auctioneer),
    )
