"""Facts: what happened, with proof. Immutable, append-only, the only source of an intent's state.

A chain fact carries its `Position`; it is canonical while its block is. A fact of a block as a whole (a deadline
passed) has a position without transaction and log. An off-chain fact (submitted, awarded, cancelled) has no position
and is always canonical. `timestamp` is the block's time for chain facts and the database's time for the others.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from orbital.domain import foreign_facts, pool_facts
from orbital.domain.intent import Intent
from orbital.domain.types import Account, Address, Amount, BlockNumber, ChainId, Hash32, IntentId, UnixSeconds


class Position(NamedTuple):
    """Where on which chain; orders by chain, then block, then log (a block's own facts come first, as -1)."""

    chain_id: ChainId
    block_number: BlockNumber
    log_index: int
    block_hash: Hash32
    tx_hash: Hash32 | None

    @property
    def is_block_fact(self) -> bool:
        return self.log_index < 0


class Deadline(StrEnum):
    """Which time has passed. The first two belong to the intent, the others to an award's round."""

    OPEN_DEADLINE = "open_deadline"  # on the origin
    FILL_DEADLINE = "fill_deadline"  # on the destination
    OPEN_BY = "open_by"  # on the origin
    FILL_BY = "fill_by"  # on the destination


class Fault(StrEnum):
    """Why an award lapsed."""

    USER = "user"
    SOLVER = "solver"


@dataclass(frozen=True, slots=True)
class IntentSubmitted:
    intent: Intent


@dataclass(frozen=True, slots=True)
class IntentAwarded:
    round: int
    solver: Address
    output_amount: Amount
    open_by: UnixSeconds
    fill_by: UnixSeconds


@dataclass(frozen=True, slots=True)
class IntentCancelled:
    """The API's promise not to award."""

    user: Address


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    """The first indexed block whose time is past it. `round` is 0 for the intent's own deadlines."""

    which: Deadline
    round: int


@dataclass(frozen=True, slots=True)
class AwardLapsed:
    round: int
    solver: Address
    fault: Fault


@dataclass(frozen=True, slots=True)
class IntentOpened:
    """`solver` is zero and `output_amount` the minimum when the user opened himself."""

    intent: Intent
    solver: Address
    output_amount: Amount


@dataclass(frozen=True, slots=True)
class IntentFilled:
    """`emitter` is the contract that said so: only the configured settler's fill is valid."""

    emitter: Address
    solver: Address
    recipient: Address
    output_token: Address
    output_amount: Amount
    origin_chain_id: ChainId
    repay_to: Address


@dataclass(frozen=True, slots=True)
class IntentSettled:
    solver: Address
    repay_to: Address
    input_token: Address
    input_amount: Amount


@dataclass(frozen=True, slots=True)
class IntentExpired:
    """The destination made the intent unfillable and sent the refund on its way."""

    origin_chain_id: ChainId


@dataclass(frozen=True, slots=True)
class IntentRefunded:
    user: Address
    input_token: Address
    input_amount: Amount


@dataclass(frozen=True, slots=True)
class PayoutCredited:
    account: Address
    token: Address
    amount: Amount


@dataclass(frozen=True, slots=True)
class PayoutClaimed:
    """Not bound to an intent."""

    account: Address
    token: Address
    amount: Amount


@dataclass(frozen=True, slots=True)
class NonceInvalidated:
    """Bound to whichever intents of `user` carry this nonce on the fact's chain."""

    user: Address
    nonce: int


@dataclass(frozen=True, slots=True)
class SolverRegistered:
    solver: Address
    bond_wei: Amount


@dataclass(frozen=True, slots=True)
class BondChanged:
    solver: Address
    bond_wei: Amount
    in_withdrawal_wei: Amount


@dataclass(frozen=True, slots=True)
class SolverSlashed:
    solver: Address
    amount_wei: Amount
    slashed_intent_id: IntentId


@dataclass(frozen=True, slots=True)
class Dispatch:
    """A message left through the mailbox: `message` is the packed Hyperlane message."""

    sender: Address
    destination: int
    recipient: Hash32
    message: bytes


@dataclass(frozen=True, slots=True)
class DispatchId:
    message_id: Hash32


@dataclass(frozen=True, slots=True)
class Process:
    """A message was delivered; `origin` is the mailbox domain it came from."""

    origin: int
    sender: Hash32
    recipient: Address


@dataclass(frozen=True, slots=True)
class ProcessId:
    message_id: Hash32


IntentEvent = (
    IntentSubmitted
    | IntentAwarded
    | IntentCancelled
    | DeadlinePassed
    | AwardLapsed
    | IntentOpened
    | IntentFilled
    | IntentSettled
    | IntentExpired
    | IntentRefunded
    | PayoutCredited
    | foreign_facts.ForeignEvent
)
OtherEvent = (
    PayoutClaimed
    | NonceInvalidated
    | SolverRegistered
    | BondChanged
    | SolverSlashed
    | Dispatch
    | DispatchId
    | Process
    | ProcessId
    | pool_facts.PoolEvent
)
Event = IntentEvent | OtherEvent


class Fact(NamedTuple):
    """One row of the ledger. `intent_id` is None for events that belong to no single intent."""

    intent_id: IntentId | None
    event: Event
    position: Position | None
    timestamp: UnixSeconds

    @property
    def name(self) -> str:
        return type(self.event).__name__

    @property
    def actor(self) -> Address | Account | None:
        """Whose act it was: the user's, the solver's, the trader's, or nobody's (a deadline)."""
        whose = _ACTORS.get(type(self.event))
        return None if whose is None else whose(self.event)


_ACTORS: Final[Mapping[type, Callable[[Any], Address | Account]]] = {
    IntentSubmitted: lambda event: event.intent.user,
    IntentOpened: lambda event: event.intent.user,
    foreign_facts.ForeignOpened: lambda event: event.intent.user,
    IntentCancelled: lambda event: event.user,
    IntentRefunded: lambda event: event.user,
    NonceInvalidated: lambda event: event.user,
    PayoutCredited: lambda event: event.account,
    PayoutClaimed: lambda event: event.account,
    Dispatch: lambda event: event.sender,
    IntentAwarded: lambda event: event.solver,
    AwardLapsed: lambda event: event.solver,
    IntentFilled: lambda event: event.solver,
    IntentSettled: lambda event: event.solver,
    SolverRegistered: lambda event: event.solver,
    BondChanged: lambda event: event.solver,
    SolverSlashed: lambda event: event.solver,
    foreign_facts.ForeignFilled: lambda event: event.solver,
    pool_facts.Swap: lambda event: event.trader,
    pool_facts.LiquidityAdded: lambda event: event.provider,
    pool_facts.LiquidityRemoved: lambda event: event.provider,
    pool_facts.FeesCollected: lambda event: event.provider,
}
