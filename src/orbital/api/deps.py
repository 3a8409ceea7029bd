"""What handlers are given: the services of this process, and who calls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated

import fastapi

from orbital.api import body, tokens
from orbital.api.errors import not_found
from orbital.api.settings import ApiSettings
from orbital.chain import hexes
from orbital.chain.rpc import Rpc
from orbital.domain.errors import Forbidden, Rejected, Unauthenticated, Unavailable
from orbital.domain.network import Network
from orbital.domain.types import Address, ChainId, IntentId, UnixSeconds
from orbital.realtime.hub import Hub
from orbital.storage import pool, solvers

Clock = Callable[[], float]
"""Host time in unix seconds."""


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that a handler may reach. `started_at` is host time."""

    pool: pool.Pool
    network: Network
    rpcs: Mapping[ChainId, Rpc]
    hub: Hub
    settings: ApiSettings
    clock: Clock
    started_at: float

    @property
    def now(self) -> UnixSeconds:
        return UnixSeconds(int(self.clock()))

    def get_rpc(self, chain_id: ChainId) -> Rpc:
        """The chain's client; Unavailable when this process has none."""
        rpc = self.rpcs.get(chain_id)
        if rpc is None:
            raise Unavailable("chain_unavailable", f"This service has no node of chain {chain_id}.", 30)
        return rpc


def get_services(request: fastapi.Request) -> Services:
    services: Services = request.app.state.services
    return services


def get_caller(request: fastapi.Request) -> Address:
    """The address that the bearer token speaks for; Unauthenticated without a good one."""
    services = get_services(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("unauthenticated", "This needs a login: send `Authorization: Bearer <access token>`.")
    return tokens.verify(services.settings, token.strip(), services.now)


async def get_solver(request: fastapi.Request) -> Address:
    """The caller, who is a solver by its bond; Forbidden otherwise."""
    caller = get_caller(request)
    services = get_services(request)
    async with pool.acquire(services.pool) as connection:
        if not await is_bonded(connection, services, caller):
            raise Forbidden("forbidden", "This is for solvers whose bond on chain suffices.")
    return caller


async def is_bonded(connection: pool.Connection, services: Services, address: Address) -> bool:
    """Whether the bond that the chain shows makes this address a solver."""
    view = await solvers.find(connection, address)
    return view is not None and view.bond_wei >= services.network.min_bond_wei


def no_query(request: fastapi.Request) -> None:
    """For operations without query parameters."""
    body.query(request, body.Nothing)


def parse_intent_id(text: str) -> IntentId:
    """The id in a path; a malformed one is of nothing that exists."""
    try:
        return IntentId(hexes.parse_hash(text))
    except Rejected as failure:
        raise not_found("There is no such intent.") from failure


def parse_path_address(text: str) -> Address:
    try:
        return hexes.parse_address(text)
    except Rejected as failure:
        raise not_found() from failure


Given = Annotated[Services, fastapi.Depends(get_services)]
Caller = Annotated[Address, fastapi.Depends(get_caller)]
Solver = Annotated[Address, fastapi.Depends(get_solver)]
NoQuery = fastapi.Depends(no_query)
