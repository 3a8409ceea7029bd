"""The signed structs: what a user wants, what a solver offers, what the auctioneer awards.

Field order is the order of the EIP-712 types; hashing and signing live in `chain.eip712`.
"""

from dataclasses import dataclass

from orbital.domain.types import Address, Amount, ChainId, IntentId, UnixSeconds


@dataclass(frozen=True, slots=True)
class Intent:
    """A user's offer: `input_amount` on the origin for at least `min_output_amount` on the destination."""

    user: Address
    recipient: Address
    origin_chain_id: ChainId
    destination_chain_id: ChainId
    input_token: Address
    input_amount: Amount
    output_token: Address
    min_output_amount: Amount
    nonce: int
    open_deadline: UnixSeconds
    fill_deadline: UnixSeconds
    auctioneer: Address


@dataclass(frozen=True, slots=True)
class Bid:
    """A solver's binding answer, good until `valid_until` (host time)."""

    intent_id: IntentId
    solver: Address
    output_amount: Amount
    valid_until: UnixSeconds


@dataclass(frozen=True, slots=True)
class Award:
    """The right to open until `open_by` (origin time) and to fill until `fill_by` (destination time)."""

    intent_id: IntentId
    solver: Address
    output_amount: Amount
    open_by: UnixSeconds
    fill_by: UnixSeconds
