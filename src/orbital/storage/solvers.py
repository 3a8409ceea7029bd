"""What the chain says of a solver. A solver that no event speaks of has no row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orbital.domain.types import Address, Amount, UnixSeconds
from orbital.storage import sql
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("solvers")


@dataclass(frozen=True, slots=True)
class SolverView:
    """Bond in withdrawal can be slashed but does not count for eligibility."""

    address: Address
    bond_wei: Amount
    in_withdrawal_wei: Amount
    registered_at: UnixSeconds | None
    last_activity: UnixSeconds | None


async def find(connection: Connection, address: Address) -> SolverView | None:
    row = await connection.fetchrow(_QUERIES["find"], address)
    return None if row is None else _view_of(row)


async def find_many(connection: Connection, addresses: Sequence[Address]) -> dict[Address, SolverView]:
    """Those of `addresses` that are known, by address."""
    found = await connection.fetch(_QUERIES["find_many"], list(addresses))
    return {row["address"]: _view_of(row) for row in found}


def _view_of(row: Row) -> SolverView:
    return SolverView(
        row["address"], row["bond_wei"], row["in_withdrawal_wei"], row["registered_at"], row["last_activity"]
    )
