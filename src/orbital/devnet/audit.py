"""Were the right amounts paid to the right accounts? Asked of the token contracts alone, never of our database."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orbital.chain import token
from orbital.chain.rpc import Rpc
from orbital.domain.intent import Intent
from orbital.domain.network import Network
from orbital.domain.types import Address, Amount, ChainId

Place = tuple[ChainId, Address, Address]
"""(chain, token, account)."""

USER: Final = "user"
SOLVER: Final = "solver"
ESCROW: Final = "escrow"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An intent that was settled: who delivered how much."""

    intent: Intent
    solver: Address
    output_amount: Amount


@dataclass(frozen=True, slots=True)
class Check:
    """One balance: what it should be after the deliveries, and what the token contract says."""

    place: Place
    role: str
    expected: int
    actual: int

    @property
    def ok(self) -> bool:
        return self.expected == self.actual


def roles(network: Network, users: Iterable[Address], solvers: Iterable[Address]) -> dict[tuple[ChainId, Address], str]:
    """Whose balances matter on each chain, the escrow of its settler included."""
    found: dict[tuple[ChainId, Address], str] = {}
    for chain in network.chains.values():
        found |= {(chain.chain_id, user): USER for user in users}
        found |= {(chain.chain_id, solver): SOLVER for solver in solvers}
        found[chain.chain_id, chain.settler] = ESCROW
    return found


async def fetch_balances(
    network: Network, rpcs: Mapping[ChainId, Rpc], accounts: Iterable[tuple[ChainId, Address]]
) -> dict[Place, int]:
    """Balance of each account in each token of its chain, now."""
    places = [
        (chain_id, one.address, account) for chain_id, account in accounts for one in network.chains[chain_id].tokens
    ]
    found = await asyncio.gather(
        *(token.fetch_balance(rpcs[chain_id], address, account) for chain_id, address, account in places)
    )
    return dict(zip(places, map(int, found), strict=True))


def check(
    before: Mapping[Place, int],
    after: Mapping[Place, int],
    deliveries: Sequence[Delivery],
    role_of: Mapping[tuple[ChainId, Address], str],
) -> list[Check]:
    """Compare every balance with what the deliveries should have made of it."""
    change: Counter[Place] = Counter()
    for one in deliveries:
        intent = one.intent
        origin, destination = intent.origin_chain_id, intent.destination_chain_id
        change[origin, intent.input_token, intent.user] -= intent.input_amount
        change[origin, intent.input_token, one.solver] += intent.input_amount
        change[destination, intent.output_token, one.solver] -= one.output_amount
        change[destination, intent.output_token, intent.recipient] += one.output_amount
    return [Check(place, role_of[place[0], place[2]], before[place] + change[place], after[place]) for place in before]
