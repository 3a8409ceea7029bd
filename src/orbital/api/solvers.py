"""Solvers: register a profile, read who there is, change one's own, and an administrator's word about one.

A profile is made by a signature and needs no login, bond or role: whoever can sign for the address may say what it is.
What the chain or an administrator decided can't be set here by the solver. A decision takes effect at once, since the
role is read with each request and at each auction's close.
"""

import asyncio
from typing import Any, Final, NamedTuple

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, docs, paging, signatures, solver_examples
from orbital.api.deps import Admin, Caller, Given, NoQuery, Public, Services, parse_path_address
from orbital.api.errors import not_found
from orbital.api.schemas import queries
from orbital.api.schemas import solvers as schemas
from orbital.chain import eip712, hexes
from orbital.domain import auction, solver
from orbital.domain.errors import Conflict, FieldError, Forbidden, Unavailable
from orbital.domain.solver import Registration, Solver
from orbital.domain.types import Address
from orbital.observe import logging
from orbital.storage import claims, ledger, pool, profiles, solvers
from orbital.storage.profiles import Verdict

NODE_SECONDS: Final = 3.0
CHUNK_SOLVERS: Final = 250
CHUNKS_MAX: Final = 4
"""Beyond as many as would fill its page, a request looks at so many chunks of so many solvers at most."""


class _Found(NamedTuple):
    """A solver that is asked for, and its place in the list."""

    key: solvers.Key
    solver: Solver
    status: solver.Status


router = fastapi.APIRouter(prefix="/api/v1", tags=["solvers"])
_log = logging.get_logger("api")


@router.post(
    "/solver/register",
    summary="Register a solver's profile",
    operation_id="register_solver",
    status_code=201,
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownSolver, 201, 400, 403, 409, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.RegistrationRequest, solver_examples.REGISTRATION),
)
async def register(request: Request, services: Given) -> Response:
    """Once a solver, by its signature; afterwards it changes the profile itself. No bond is needed for it."""
    given = await body.read(request, schemas.RegistrationRequest)
    told = given.registration.to_domain()
    solver.validate_terms(told, services.network, services.now)
    solver.validate_party(told, services.settings.denied)
    signature = await _verify(services, told, given.signature)
    async with pool.transaction(services.pool) as connection:
        if not await profiles.register(connection, told, signature):
            detail = "This solver has a profile; it changes it once it is logged in."
            fields = (FieldError("/registration/solver", "already_registered", detail),)
            raise Conflict("already_registered", detail, fields)
        shown = await _show(connection, services, told.solver)
    return answers.json(shown, 201, {"Location": f"/api/v1/solver/{shown['address']}"})


@router.get(
    "/solver",
    summary="Solvers, by reputation",
    operation_id="list_solvers",
    dependencies=[Public],
    responses=docs.answers(schemas.ShownSolvers, 200, 422, 503),
    openapi_extra=docs.asks(queries.SolverPage),
)
async def list_solvers(request: Request, services: Given) -> Response:
    """Best first, ties by address. A page may hold less than its limit, or nothing, and still have a next one."""
    asked = body.query(request, queries.SolverPage)
    after = paging.decode("solvers", asked.cursor)
    key = None if after is None else (after[0], Address(after[1]))
    async with pool.snapshot(services.pool) as connection:
        return answers.json(await _list_page(connection, services, asked, key))


@router.get(
    "/solver/{address}",
    summary="One solver",
    operation_id="read_solver",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownSolver, 200, 404, 503),
)
async def read_solver(address: str, services: Given) -> Response:
    """Its profile, its bond as the chain tells it, how it stands now, and the reputation that auctions weigh it by."""
    async with pool.acquire(services.pool) as connection:
        return answers.json(await _show(connection, services, parse_path_address(address)))


@router.put(
    "/solver/{address}/update",
    summary="Change one's own profile",
    operation_id="update_solver",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownSolver, 200, 400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.UpdateRequest, solver_examples.UPDATE),
)
async def update(address: str, request: Request, services: Given, caller: Caller) -> Response:
    """What is not given stays as it is. A paused solver, or one without an intent's chains, can't bid for it."""
    wanted = parse_path_address(address)
    if wanted != caller:
        raise Forbidden("forbidden", "Only the solver itself changes its profile.")
    changes = (await body.read(request, schemas.UpdateRequest)).to_domain()
    solver.validate_chains(changes.chain_ids or (), services.network, "/chain_ids")
    async with pool.transaction(services.pool) as connection:
        if not await profiles.change(connection, wanted, changes):
            raise not_found("This solver has no profile; register it first.")
        return answers.json(await _show(connection, services, wanted))


@router.post(
    "/solver/{address}/suspend",
    summary="Take the role from a solver",
    operation_id="suspend_solver",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownSolver, 200, 400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.Decision, solver_examples.SUSPENSION),
)
async def suspend(address: str, request: Request, services: Given, caller: Admin) -> Response:
    """It bids and wins no more until it is reinstated; what it was awarded stays its own. The reason is public."""
    return await _decide(address, request, services, caller, Verdict.SUSPENDED)


@router.post(
    "/solver/{address}/reinstate",
    summary="Give a solver its role back",
    operation_id="reinstate_solver",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownSolver, 200, 400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.Decision, solver_examples.REINSTATEMENT),
)
async def reinstate(address: str, request: Request, services: Given, caller: Admin) -> Response:
    """Ends the suspension; what else keeps it from bidding stays."""
    return await _decide(address, request, services, caller, Verdict.REINSTATED)


async def _verify(services: Services, told: Registration, signature: bytes) -> bytes:
    """The signature as contracts take it; Rejected unless the solver made it, by its own key or by its code."""
    chain_id, registry = services.network.registry_chain_id, services.network.registry
    digest = eip712.registration_digest(told, chain_id, registry)
    try:
        async with asyncio.timeout(NODE_SECONDS):
            return await signatures.verify(services.get_rpc(chain_id), told.solver, digest, signature)
    except TimeoutError as failure:
        raise Unavailable("chain_unavailable", "The registry's chain does not answer.") from failure


async def _decide(address: str, request: Request, services: Services, admin: Address, verdict: Verdict) -> Response:
    wanted = parse_path_address(address)
    reason = (await body.read(request, schemas.Decision)).reason
    async with pool.transaction(services.pool) as connection:
        await claims.lock_accounts(connection, [claims.Account(wanted, claims.EVERYWHERE)])
        known = await _load(connection, wanted)
        solver.validate_decision(known, suspends=verdict is Verdict.SUSPENDED)
        await profiles.decide(connection, wanted, verdict, reason, admin)
        shown = await _show(connection, services, wanted)
    _log.info("solver_decided", solver=shown["address"], verdict=verdict.value, admin=hexes.to_checksum(admin))
    return answers.json(shown)


async def _load(connection: pool.Connection, address: Address) -> Solver:
    known = await solvers.find(connection, address)
    if known is None:
        raise not_found("There is no such solver.")
    return known


async def _show(connection: pool.Connection, services: Services, address: Address) -> dict[str, Any]:
    """The Solver as it is now; NotFound when it is not known."""
    known = await _load(connection, address)
    now = await ledger.now(connection)
    lapses = await ledger.list_lapses(connection, [address], now - auction.LAPSES_SEEN_SECONDS)
    return schemas.show_solver(known, solver.status_of(known, lapses[address], services.network.min_bond_wei, now))


async def _list_page(
    connection: pool.Connection, services: Services, asked: queries.SolverPage, after: solvers.Key | None
) -> dict[str, Any]:
    """One page; `after` walks on with each chunk, so that its last value is where a page ends that is not full."""
    found: list[_Found] = []
    for size in (asked.limit + 1, *[CHUNK_SOLVERS] * CHUNKS_MAX):
        keys = await solvers.list_best(connection, after, asked.min_reputation, size)
        found += await _choose(connection, services, asked, keys)
        if len(found) > asked.limit:
            return _page_of(found[: asked.limit], found[asked.limit - 1].key)
        if len(keys) < size:
            return _page_of(found, None)
        after = keys[-1]
    return _page_of(found, after)


def _page_of(found: list[_Found], next_key: solvers.Key | None) -> dict[str, Any]:
    cursor = None if next_key is None else paging.encode("solvers", *next_key)
    return {"data": [schemas.show_solver(one.solver, one.status) for one in found], "next_cursor": cursor}


async def _choose(
    connection: pool.Connection, services: Services, asked: queries.SolverPage, keys: list[solvers.Key]
) -> list[_Found]:
    """Those of the solvers at `keys` that are asked for."""
    addresses = [address for _, address in keys]
    known = await solvers.find_many(connection, addresses)
    now = await ledger.now(connection)
    lapses = await ledger.list_lapses(connection, addresses, now - auction.LAPSES_SEEN_SECONDS)
    chosen = []
    for key in keys:
        one = known.get(key[1])
        if one is None or not _is_offered(one, asked):
            continue
        status = solver.status_of(one, lapses[one.address], services.network.min_bond_wei, now)
        if asked.status in {None, status}:
            chosen.append(_Found(key, one, status))
    return chosen


def _is_offered(one: Solver, asked: queries.SolverPage) -> bool:
    """Whether the profile says what is asked for; no profile says nothing."""
    if asked.chain_id is None and asked.max_fee_bps is None:
        return True
    if one.profile is None or (asked.max_fee_bps is not None and one.profile.fee_bps > asked.max_fee_bps):
        return False
    return asked.chain_id is None or asked.chain_id in one.profile.chain_ids
