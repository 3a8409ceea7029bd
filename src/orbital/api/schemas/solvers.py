"""Solvers on the wire: the registration, changes, decisions, and the Solver."""

from typing import Annotated, Any

import pydantic
from pydantic_core import PydanticCustomError

from orbital.api.schemas import values as v
from orbital.chain import hexes
from orbital.domain.solver import Changes, Registration, Solver, Status
from orbital.domain.types import Address, ChainId, UnixSeconds


class SignedRegistration(v.Strict):
    """The seven signed fields."""

    solver: v.AddressIn
    name: v.NameIn
    chain_ids: v.ChainIdsIn
    fee_bps: v.BpsIn
    contact: v.ContactIn
    nonce: v.NonceIn
    deadline: v.DeadlineIn

    def to_domain(self) -> Registration:
        return Registration(
            solver=Address(self.solver),
            name=self.name,
            chain_ids=tuple(ChainId(one) for one in self.chain_ids),
            fee_bps=self.fee_bps,
            contact=self.contact,
            nonce=self.nonce,
            deadline=UnixSeconds(self.deadline),
        )


class RegistrationRequest(v.Strict):
    """Body of POST /api/v1/solver/register."""

    registration: SignedRegistration
    signature: v.SignatureIn


def _absent() -> Any:
    """The value of a field that is not given: none that could be given."""
    return None


class UpdateRequest(v.Strict):
    """Body of PUT /api/v1/solver/{address}/update: at least one of these."""

    model_config = pydantic.ConfigDict(json_schema_extra={"minProperties": 1})

    fee_bps: Annotated[v.BpsIn, pydantic.Field(default_factory=_absent)]
    contact: Annotated[v.ContactIn, pydantic.Field(default_factory=_absent)]
    chain_ids: Annotated[v.ChainIdsIn, pydantic.Field(default_factory=_absent)]
    paused: Annotated[bool, pydantic.Field(default_factory=_absent)]

    @pydantic.model_validator(mode="after")
    def _change_something(self) -> "UpdateRequest":
        if not self.model_fields_set:
            raise PydanticCustomError("nothing_given", "At least one field is needed.")
        return self

    def to_domain(self) -> Changes:
        given = self.model_dump(exclude_unset=True)
        chain_ids = given.get("chain_ids")
        return Changes(
            given.get("fee_bps"),
            given.get("contact"),
            None if chain_ids is None else tuple(ChainId(one) for one in chain_ids),
            given.get("paused"),
        )


class Decision(v.Strict):
    """Body of POST /api/v1/solver/{address}/suspend and /reinstate."""

    reason: v.ReasonIn


class ShownSuspension(v.Shown):
    """An administrator's last word."""

    reason: str
    since: v.Time


class ShownSolver(v.Shown):
    """A known solver. Without a profile there are no chain ids and nulls for what only a profile tells."""

    address: v.Checksummed
    name: str | None
    chain_ids: list[v.Integer]
    fee_bps: v.Integer | None
    contact: str | None
    bond_wei: v.Decimal
    in_withdrawal_wei: v.Decimal
    status: Status
    reputation: v.Integer
    registered_at: v.Time | None
    last_activity: v.Time | None
    suspension: ShownSuspension | None


class ShownSolvers(v.Shown):
    data: list[ShownSolver]
    next_cursor: str | None


def show_solver(solver: Solver, status: Status) -> dict[str, Any]:
    """The Solver of the interface; the signature is no part of it."""
    profile, suspension = solver.profile, solver.suspension
    return {
        "address": hexes.to_checksum(solver.address),
        "name": profile and profile.name,
        "chain_ids": [] if profile is None else list(profile.chain_ids),
        "fee_bps": profile and profile.fee_bps,
        "contact": profile and profile.contact,
        "bond_wei": str(solver.bond_wei),
        "in_withdrawal_wei": str(solver.in_withdrawal_wei),
        "status": status.value,
        "reputation": solver.reputation,
        "registered_at": v.show_seconds(solver.registered_at),
        "last_activity": v.show_seconds(solver.last_activity),
        "suspension": suspension and {"reason": suspension.reason, "since": v.show_seconds(suspension.since)},
    }
