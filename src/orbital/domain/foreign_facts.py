"""Intents of protocols that are only watched: nobody signs, auctions or settles them here.

They share tables, readers and the lifecycle's words with ours, and none of our rules: no nonce, no auction, no award.
Whatever a protocol says beyond this (exclusivity, messages, where the solver is repaid) is committed to by the id.
"""

from dataclasses import dataclass

from orbital.domain.types import Account, Amount, ChainId, Protocol, UnixSeconds


@dataclass(frozen=True, slots=True)
class ForeignIntent:
    """An offer by the rules of `protocol`. `reference` is what the protocol itself calls it; it need not be unique."""

    protocol: Protocol
    reference: str
    user: Account
    recipient: Account
    origin_chain_id: ChainId
    destination_chain_id: ChainId
    input_token: Account
    input_amount: Amount
    output_token: Account
    min_output_amount: Amount
    fill_deadline: UnixSeconds


@dataclass(frozen=True, slots=True)
class ForeignOpened:
    """The input is with the protocol on the fact's chain."""

    intent: ForeignIntent


@dataclass(frozen=True, slots=True)
class ForeignFilled:
    """The output was delivered on the fact's chain, as `recipient` got it.

    `solver` is zero when the protocol delivered out of its own funds.
    """

    protocol: Protocol
    reference: str
    solver: Account
    recipient: Account
    output_token: Account
    output_amount: Amount
    origin_chain_id: ChainId


ForeignEvent = ForeignOpened | ForeignFilled
