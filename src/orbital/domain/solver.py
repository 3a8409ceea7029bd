"""What is known of a solver, and what it may do.

Known is who has an event in the registry or a profile; the one tells of the bond, the other of what a solver says of
itself. The bond and an administrator's last word make the role. Whoever has the role may bid unless it is benched, is
paused by itself, or works on other chains. All of it is decided here, from values, for each who asks.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.domain import auction
from orbital.domain.errors import Conflict, FieldError, Forbidden, Rejected
from orbital.domain.network import Network
from orbital.domain.types import Address, Amount, ChainId, UnixSeconds

REGISTRATION_AHEAD_MAX_SECONDS: Final = 30 * 24 * 3600


class Status(StrEnum):
    """How a solver stands: the gravest that holds, in this order."""

    SUSPENDED = "suspended"
    UNDER_BONDED = "under_bonded"
    BENCHED = "benched"
    PAUSED = "paused"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Registration:
    """A solver's profile as it signs it. `fee_bps` is informative; `nonce` is the solver's own number for it."""

    solver: Address
    name: str
    chain_ids: tuple[ChainId, ...]
    fee_bps: int
    contact: str
    nonce: int
    deadline: UnixSeconds


@dataclass(frozen=True, slots=True)
class Changes:
    """What a solver changes of its profile; None leaves a thing as it is."""

    fee_bps: int | None = None
    contact: str | None = None
    chain_ids: tuple[ChainId, ...] | None = None
    is_paused: bool | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """What a solver says of itself."""

    name: str
    chain_ids: tuple[ChainId, ...]
    fee_bps: int
    contact: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Suspension:
    """An administrator's last word, as long as it is this one."""

    reason: str
    since: UnixSeconds


@dataclass(frozen=True, slots=True)
class Solver:
    """A known solver. Bond in withdrawal can be slashed but does not count."""

    address: Address
    bond_wei: Amount
    in_withdrawal_wei: Amount
    reputation: int
    registered_at: UnixSeconds | None
    last_activity: UnixSeconds | None
    profile: Profile | None = None
    suspension: Suspension | None = None


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a solver may not bid: the code that bids have for it, and a sentence for it."""

    refusal: auction.Refusal
    detail: str


_DETAILS: Final[Mapping[Status, str]] = {
    Status.SUSPENDED: "An administrator suspended this solver.",
    Status.UNDER_BONDED: "The bond on chain does not suffice.",
    Status.PAUSED: "This solver paused itself.",
}


def has_role(solver: Solver | None, min_bond_wei: Amount) -> bool:
    """Whether this is a solver to us: the bond suffices and no administrator suspended it."""
    return explain_no_role(solver, min_bond_wei) is None


def explain_no_role(solver: Solver | None, min_bond_wei: Amount) -> str | None:
    """Why this is no solver to us, the gravest reason in a sentence; None if it is one."""
    if solver is not None and solver.suspension is not None:
        return _DETAILS[Status.SUSPENDED]
    return _DETAILS[Status.UNDER_BONDED] if solver is None or solver.bond_wei < min_bond_wei else None


def status_of(solver: Solver, lapses: Collection[UnixSeconds], min_bond_wei: Amount, now: UnixSeconds) -> Status:
    """`lapses` are those that were its fault, from `auction.LAPSES_SEEN_SECONDS` before `now` on."""
    if solver.suspension is not None:
        return Status.SUSPENDED
    if solver.bond_wei < min_bond_wei:
        return Status.UNDER_BONDED
    if (auction.benched_until(lapses) or 0) > now:
        return Status.BENCHED
    if solver.profile is not None and solver.profile.is_paused:
        return Status.PAUSED
    return Status.ACTIVE


def find_obstacle(
    solver: Solver | None,
    lapses: Collection[UnixSeconds],
    chain_ids: Collection[ChainId],
    min_bond_wei: Amount,
    now: UnixSeconds,
) -> Obstacle | None:
    """The gravest reason why it may not bid for an intent between these chains; None if it may."""
    status = Status.UNDER_BONDED if solver is None else status_of(solver, lapses, min_bond_wei, now)
    if status is Status.BENCHED:
        until = auction.benched_until(lapses)
        return Obstacle(auction.Refusal.BENCHED, f"Too many awards lapsed; benched until unix time {until}.")
    detail = _DETAILS.get(status)
    profile = None if solver is None else solver.profile
    if detail is None and profile is not None and not set(chain_ids) <= set(profile.chain_ids):
        detail = "The solver's profile does not have both chains."
    return None if detail is None else Obstacle(auction.Refusal.NOT_ELIGIBLE, detail)


def validate_terms(registration: Registration, network: Network, now: UnixSeconds) -> None:
    """Raise Rejected for the first thing that no signature could heal."""
    validate_chains(registration.chain_ids, network, "/registration/chain_ids")
    if not 0 <= registration.deadline - now <= REGISTRATION_AHEAD_MAX_SECONDS:
        raise _rejected("deadline_out_of_range", "/registration/deadline", "The deadline must be ahead, at most 30 d.")


def validate_party(registration: Registration, denied: Collection[Address]) -> None:
    """Raise Forbidden for solvers that the operator does not serve."""
    if registration.solver in denied:
        raise Forbidden("denied", "This service does not take this solver.")


def validate_chains(chain_ids: Iterable[ChainId], network: Network, pointer: str) -> None:
    """Raise Rejected for the first chain that is not served; `pointer` is the list's."""
    for place, chain_id in enumerate(chain_ids):
        if chain_id not in network.chains:
            raise _rejected("unsupported_chain", f"{pointer}/{place}", "This chain is not served.")


def validate_decision(solver: Solver, *, suspends: bool) -> None:
    """Raise Conflict for a decision that would decide nothing."""
    if suspends and solver.suspension is not None:
        raise Conflict("already_suspended", "This solver is suspended already.")
    if not suspends and solver.suspension is None:
        raise Conflict("not_suspended", "This solver is not suspended.")


def _rejected(code: str, pointer: str, detail: str) -> Rejected:
    return Rejected(code, detail, (FieldError(pointer, code, detail),))
