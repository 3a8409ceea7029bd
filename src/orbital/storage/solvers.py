"""What is known of solvers: from the registry's chain, from themselves, from administrators, and their scores.

A solver that no event speaks of and that has no profile is not known.
"""

from collections.abc import Sequence
from typing import Final

from orbital.domain import auction
from orbital.domain.solver import Profile, Solver, Suspension
from orbital.domain.types import Address
from orbital.storage import sql
from orbital.storage.pool import Connection, Row

Key = tuple[int, Address]
"""A solver's place in the list: its reputation and address."""

_QUERIES: Final = sql.load("solvers")


async def find(connection: Connection, address: Address) -> Solver | None:
    row = await connection.fetchrow(_QUERIES["find"], address)
    return None if row is None else _solver_of(row)


async def find_many(connection: Connection, addresses: Sequence[Address]) -> dict[Address, Solver]:
    """Those of `addresses` that are known, by address."""
    found = await connection.fetch(_QUERIES["find_many"], list(addresses))
    return {row["address"]: _solver_of(row) for row in found}


async def list_best(connection: Connection, after: Key | None, min_reputation: int, limit: int) -> list[Key]:
    """The next `limit` solvers with a score, best first, ties by address."""
    found = await connection.fetch(_QUERIES["list_best"], *(after or (None, None)), min_reputation, limit)
    return [(row["reputation"], row["address"]) for row in found]


def _solver_of(row: Row) -> Solver:
    profile = suspension = None
    if row["name"] is not None:
        chain_ids = tuple(row["chain_ids"])
        profile = Profile(row["name"], chain_ids, row["fee_bps"], row["contact"], row["paused"])
    if row["reason"] is not None:
        suspension = Suspension(row["reason"], row["decided_at"])
    return Solver(
        row["address"],
        row["bond_wei"],
        row["in_withdrawal_wei"],
        auction.NEW_SOLVER_REPUTATION if row["reputation"] is None else row["reputation"],
        row["registered_at"],
        row["last_activity"],
        profile,
        suspension,
    )
