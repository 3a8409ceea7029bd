"""Solvers as the service tells of them, and what is told to it about them."""

import datetime as dt
from typing import Any

import msgspec

from orbital.chain import hexes
from orbital.domain.solver import Changes, Registration


class Suspension(msgspec.Struct, frozen=True):
    """An administrator's last word."""

    reason: str
    since: dt.datetime


class Solver(msgspec.Struct, frozen=True):
    """A known solver. One without a profile has no chain ids, and None for what only a profile tells.

    `status` is suspended, under_bonded, benched, paused or active: the first that holds.
    """

    address: str
    name: str | None
    chain_ids: list[int]
    fee_bps: int | None
    contact: str | None
    bond_wei: str
    in_withdrawal_wei: str
    status: str
    reputation: int
    registered_at: dt.datetime | None
    last_activity: dt.datetime | None
    suspension: Suspension | None


def write_registration(told: Registration) -> dict[str, Any]:
    """The seven signed fields."""
    return {
        "solver": hexes.to_checksum(told.solver),
        "name": told.name,
        "chain_ids": list(told.chain_ids),
        "fee_bps": told.fee_bps,
        "contact": told.contact,
        "nonce": str(told.nonce),
        "deadline": told.deadline,
    }


def write_changes(changes: Changes) -> dict[str, Any]:
    """What changes, and nothing else."""
    written = {
        "fee_bps": changes.fee_bps,
        "contact": changes.contact,
        "chain_ids": None if changes.chain_ids is None else list(changes.chain_ids),
        "paused": changes.is_paused,
    }
    return {name: value for name, value in written.items() if value is not None}
