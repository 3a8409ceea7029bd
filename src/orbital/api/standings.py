"""How solvers compare and what each did, as it was last counted: what a reader asks for costs the same whatever it is.

A page of the leaderboard is of one state, and its cursor stands after a place. When places were counted anew between
two pages, a solver that moved past the cursor is told twice or not at all; the pages' `as_of` then differ.
"""

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, docs, paging
from orbital.api.deps import Given, Public, parse_path_address
from orbital.api.errors import not_found
from orbital.api.schemas import standings as schemas
from orbital.api.schemas import values
from orbital.storage import pool, standings

router = fastapi.APIRouter(prefix="/api/v1", tags=["solvers"])


@router.get(
    "/solver/leaderboard",
    summary="All solvers, best first",
    operation_id="read_leaderboard",
    dependencies=[Public],
    responses=docs.answers(schemas.ShownLeaderboard, 200, 422, 503),
    openapi_extra=docs.asks(schemas.LeaderboardPage),
)
async def read_leaderboard(request: Request, services: Given) -> Response:
    """By what they did in the window, or by reputation as it was then. Who has nothing to compare comes last."""
    asked = body.query(request, schemas.LeaderboardPage)
    kind = f"leaderboard {asked.window} {asked.sort}"
    after = paging.decode(kind, asked.cursor)
    async with pool.acquire(services.pool) as connection:
        found = await standings.list_page(
            connection, asked.window, asked.sort, 0 if after is None else after[0], asked.limit + 1
        )
    shown = paging.page(found.entries, asked.limit, schemas.show_entry, lambda entry: paging.encode(kind, entry.place))
    return answers.json(shown | {"as_of": values.show_time(found.counted_at)})


@router.get(
    "/solver/{address}/performance",
    summary="What a solver did",
    operation_id="read_performance",
    dependencies=[Public],
    responses=docs.answers(schemas.ShownPerformance, 200, 404, 422, 503),
    openapi_extra=docs.asks(schemas.PerformanceQuery),
)
async def read_performance(address: str, request: Request, services: Given) -> Response:
    """Its figures in the window, and its reputation now with all that it was made of."""
    asked = body.query(request, schemas.PerformanceQuery)
    solver = parse_path_address(address)
    async with pool.acquire(services.pool) as connection:
        found = await standings.find_performance(connection, solver, asked.window)
    if found is None:
        raise not_found("There is no such solver.")
    return answers.json(schemas.show_performance(solver, asked.window, found, services.network))
