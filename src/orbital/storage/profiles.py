"""What solvers say of themselves and what administrators decide about them; `solvers` reads it.

A profile is made once, by a signature, and changed by its solver; decisions are kept for ever and the last one holds.
"""

from enum import StrEnum
from typing import Final

from orbital.domain import auction, reputation
from orbital.domain.solver import Changes, Registration
from orbital.domain.types import Address
from orbital.storage import sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("profiles")


class Verdict(StrEnum):
    """What an administrator decides."""

    SUSPENDED = "suspended"
    REINSTATED = "reinstated"


async def register(connection: Connection, told: Registration, signature: bytes) -> bool:
    """Make the profile, and a score that lists can find it by; False if the solver has a profile."""
    made = await connection.fetchval(
        _QUERIES["register"],
        told.solver,
        told.name,
        list(told.chain_ids),
        told.fee_bps,
        told.contact,
        told.nonce,
        told.deadline,
        signature,
    )
    if made is None:
        return False
    start = auction.NEW_SOLVER_REPUTATION, reputation.VERSION
    await connection.execute(_QUERIES["start_score"], told.solver, *start)
    return True


async def change(connection: Connection, solver: Address, changes: Changes) -> bool:
    """Change the profile; False if there is none."""
    chain_ids = None if changes.chain_ids is None else list(changes.chain_ids)
    arguments = (solver, changes.fee_bps, changes.contact, chain_ids, changes.is_paused)
    return await connection.fetchval(_QUERIES["change"], *arguments) is not None


async def decide(connection: Connection, solver: Address, verdict: Verdict, reason: str, admin: Address) -> None:
    """Keep a decision. The caller holds the solver's account, so that no two rest on the same past."""
    await connection.execute(_QUERIES["decide"], solver, verdict.value, reason, admin)
