"""What an intent is waiting for, in one stable word: the `explain` of its status."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.domain.facts import Fault
from orbital.domain.lifecycle import Status


class Explain(StrEnum):
    AWAITING_BIDS = "awaiting_bids"
    NO_VALID_BIDS = "no_valid_bids"
    AWAITING_OPEN = "awaiting_open"
    AWARD_LAPSED = "award_lapsed"
    USER_FUNDS_MOVED = "user_funds_moved"
    AWAITING_FILL = "awaiting_fill"
    AWAITING_SETTLEMENT = "awaiting_settlement"
    DELIVERED = "delivered"
    CHAIN_STALLED = "chain_stalled"
    REFUND_DUE = "refund_due"
    SETTLED = "settled"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"


DETAILS: Final[Mapping[Explain, str]] = {
    Explain.AWAITING_BIDS: "The auction is open and waits for bids.",
    Explain.NO_VALID_BIDS: "The auction's window passed without a valid bid; it stays open for one.",
    Explain.AWAITING_OPEN: "The winner has until `open_by` to escrow the input on the origin chain.",
    Explain.AWARD_LAPSED: "The winner let the award lapse; a new round follows when it can't be used any more.",
    Explain.USER_FUNDS_MOVED: "The award lapsed because balance, allowance, nonce or signature no longer held.",
    Explain.AWAITING_FILL: "The input is in escrow; the delivery on the destination chain is awaited.",
    Explain.AWAITING_SETTLEMENT: "The output is delivered; the bridge message that pays the solver is on its way.",
    Explain.DELIVERED: "Delivered; the intent's own protocol repays the solver, which is not followed here.",
    Explain.CHAIN_STALLED: "A chain of this intent is not followed at the moment; its next step may not be seen yet.",
    Explain.REFUND_DUE: "The fill deadline passed without a delivery; the input goes back to the user.",
    Explain.SETTLED: "Delivered, and the solver is repaid.",
    Explain.CANCELLED: "Cancelled before it was opened.",
    Explain.EXPIRED: "Not opened in time; nothing was taken.",
    Explain.REFUNDED: "Not delivered in time; the input is back with the user.",
}

STEPS: Final = ("submit", "match", "open", "fill", "settle")
FOREIGN_STEPS: Final = ("open", "fill")


@dataclass(frozen=True, slots=True)
class Progress:
    """`current_step` is the one that is awaited, `done` at the end; `steps_completed` counts up to `total_steps`."""

    current_step: str
    steps_completed: int
    total_steps: int = len(STEPS)

    @property
    def percentage(self) -> int:
        return 100 * self.steps_completed // self.total_steps


_COMPLETED: Final[Mapping[Status, int]] = {
    Status.PENDING: 1,
    Status.MATCHED: 2,
    Status.OPENED: 3,
    Status.FILLED: 4,
    Status.SETTLED: 5,
    Status.REFUNDED: 3,
}


def progress_of(status: Status, *, opened: bool) -> Progress:
    """How far along; an intent that ended without delivery keeps the steps it made."""
    completed = _COMPLETED.get(status, 3 if opened else 1)
    ended = status in {Status.SETTLED, Status.REFUNDED, Status.CANCELLED} or (status is Status.EXPIRED and not opened)
    return Progress("done" if ended else STEPS[completed], completed)


def foreign_progress_of(status: Status) -> Progress:
    """How far along an intent of a watched protocol is: it is there once it is open, and done once it is filled."""
    completed = 2 if status is Status.FILLED else 1
    return Progress(FOREIGN_STEPS[1] if status is Status.OPENED else "done", completed, len(FOREIGN_STEPS))


def explain_foreign(status: Status, *, chain_stalled: bool) -> Explain:
    """The word for what an intent of a watched protocol waits for."""
    if status is Status.FILLED:
        return Explain.DELIVERED
    if status is Status.EXPIRED:
        return Explain.REFUND_DUE
    return Explain.CHAIN_STALLED if chain_stalled else Explain.AWAITING_FILL


def explain(
    status: Status, *, opened: bool, chain_stalled: bool, bids_refused: bool, last_fault: Fault | None
) -> Explain:
    """The word for what is awaited. `bids_refused`: the open round's window passed without a valid bid."""
    final = {
        Status.SETTLED: Explain.SETTLED,
        Status.REFUNDED: Explain.REFUNDED,
        Status.CANCELLED: Explain.CANCELLED,
    }.get(status)
    if final is not None:
        return final
    if status is Status.EXPIRED:
        return Explain.REFUND_DUE if opened else Explain.EXPIRED
    if chain_stalled:
        return Explain.CHAIN_STALLED
    if status is Status.PENDING:
        if last_fault is not None:
            return Explain.USER_FUNDS_MOVED if last_fault is Fault.USER else Explain.AWARD_LAPSED
        return Explain.NO_VALID_BIDS if bids_refused else Explain.AWAITING_BIDS
    return {
        Status.MATCHED: Explain.AWAITING_OPEN,
        Status.OPENED: Explain.AWAITING_FILL,
        Status.FILLED: Explain.AWAITING_SETTLEMENT,
    }[status]
