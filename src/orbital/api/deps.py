"""What handlers are given: the services of this process, and who calls.

Every operation states who may call it by one of `Public`, `Caller`, `Solver`, `Bidder`, `Admin`, `Operator`; one that
states nothing stops the start (see `access`). A token only says who logged in: whether that session still runs, and
what the address is, is asked of the database with each request. All of it is async, also what waits for nothing: the
framework sends anything else to a thread.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

import fastapi

from orbital.api import body, tokens
from orbital.api.errors import not_found
from orbital.api.known_pools import KnownPools
from orbital.api.settings import ApiSettings
from orbital.api.tokens import Identity
from orbital.api.waiting import Room
from orbital.chain import hexes
from orbital.chain.gather import Gather
from orbital.chain.rpc import Rpc
from orbital.domain import solver
from orbital.domain.errors import Forbidden, Rejected, Unauthenticated, Unavailable
from orbital.domain.network import Network
from orbital.domain.types import Address, ChainId, IntentId, UnixSeconds
from orbital.realtime.hub import Hub
from orbital.storage import logins, pool, solvers


class Role(StrEnum):
    """What a caller who is logged in may be."""

    USER = "user"
    SOLVER = "solver"
    ADMIN = "admin"


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
    pools: KnownPools = field(default_factory=KnownPools)
    waiting: Room = field(default_factory=Room)
    gathers: dict[ChainId, Gather] = field(default_factory=dict)

    @property
    def now(self) -> UnixSeconds:
        return UnixSeconds(int(self.clock()))

    def get_rpc(self, chain_id: ChainId) -> Rpc:
        """The chain's client; Unavailable when this process has none."""
        rpc = self.rpcs.get(chain_id)
        if rpc is None:
            raise Unavailable("chain_unavailable", f"This service has no node of chain {chain_id}.", 30)
        return rpc

    def get_gather(self, chain_id: ChainId) -> Gather:
        """The chain's client for calls that go well with those of other requests; errors as of `get_rpc`."""
        gather = self.gathers.get(chain_id)
        if gather is None:
            gather = self.gathers[chain_id] = Gather(self.get_rpc(chain_id))
        return gather


def get_services(request: fastapi.Request) -> Services:
    services: Services = request.app.state.services
    return services


async def get_identity(request: fastapi.Request) -> Identity:
    """Whom the bearer token speaks for, in a session that still runs; Unauthenticated without a good one."""
    services = get_services(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("unauthenticated", "This needs a login: send `Authorization: Bearer <access token>`.")
    return await identify(services, token.strip())


async def identify(services: Services, token: str) -> Identity:
    """Whom an access token speaks for. Raises Unauthenticated, and Unavailable when that can't be known."""
    identity = tokens.verify(services.settings, token, services.now)
    await require_session(services, identity)
    return identity


async def require_session(services: Services, identity: Identity) -> None:
    """Raises Unauthenticated once the session has ended; what lasts longer than a second asks again."""
    async with pool.acquire(services.pool) as connection:
        is_live = await logins.is_live(connection, identity.session_id, identity.address)
    if not is_live:
        raise Unauthenticated("unauthenticated", "This session has ended; log in again.")


async def get_anyone() -> None:
    """States that an operation is for everybody."""


async def get_caller(identity: Annotated[Identity, fastapi.Depends(get_identity)]) -> Address:
    """The address that is logged in."""
    return identity.address


async def get_solver(request: fastapi.Request, caller: Annotated[Address, fastapi.Depends(get_caller)]) -> Address:
    """The caller, who is a solver by its bond and not suspended; Forbidden otherwise."""
    detail = "This is for solvers whose bond suffices and who are not suspended."
    await _require(get_services(request), caller, Role.SOLVER, "forbidden", detail)
    return caller


async def get_bidder(request: fastapi.Request, caller: Annotated[Address, fastapi.Depends(get_caller)]) -> Address:
    """As `get_solver`, with the code that bids have for it, and which of the two it is."""
    services = get_services(request)
    async with pool.acquire(services.pool) as connection:
        known = await solvers.find(connection, caller)
    why = solver.explain_no_role(known, services.network.min_bond_wei)
    if why is not None:
        raise Forbidden("not_eligible", why)
    return caller


async def get_admin(request: fastapi.Request, caller: Annotated[Address, fastapi.Depends(get_caller)]) -> Address:
    """The caller, whom this deployment names as an administrator; Forbidden otherwise."""
    await _require(get_services(request), caller, Role.ADMIN, "forbidden", "This is for administrators.")
    return caller


async def get_operator(request: fastapi.Request) -> None:
    """Who reads figures: with a metrics token set, its bearer alone."""
    token = get_services(request).settings.metrics_token
    given = request.headers.get("authorization", "")
    if token is not None and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Unauthenticated("unauthenticated", "The figures are for the operator.")


async def list_roles(connection: pool.Connection, services: Services, address: Address) -> list[Role]:
    """What an address that is logged in may be now, in the order of `Role`."""
    roles = [Role.USER]
    if await is_solver(connection, services, address):
        roles.append(Role.SOLVER)
    if address in services.settings.admin_addresses:
        roles.append(Role.ADMIN)
    return roles


async def is_solver(connection: pool.Connection, services: Services, address: Address) -> bool:
    """Whether the bond that the chain shows, and no administrator's word against it, make this address a solver."""
    return solver.has_role(await solvers.find(connection, address), services.network.min_bond_wei)


async def no_query(request: fastapi.Request) -> None:
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


async def _require(services: Services, caller: Address, role: Role, code: str, detail: str) -> None:
    async with pool.acquire(services.pool) as connection:
        if role not in await list_roles(connection, services, caller):
            raise Forbidden(code, detail)


async def _give_services(request: fastapi.Request) -> Services:
    return get_services(request)


Given = Annotated[Services, fastapi.Depends(_give_services)]
Caller = Annotated[Address, fastapi.Depends(get_caller)]
Solver = Annotated[Address, fastapi.Depends(get_solver)]
Bidder = Annotated[Address, fastapi.Depends(get_bidder)]
Admin = Annotated[Address, fastapi.Depends(get_admin)]
Identified = Annotated[Identity, fastapi.Depends(get_identity)]
Public = fastapi.Depends(get_anyone)
Operator = fastapi.Depends(get_operator)
NoQuery = fastapi.Depends(no_query)
