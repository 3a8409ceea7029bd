"""The ASGI application: every route, the contract at `/openapi.json`, and errors as problems.

The framework gives contract, injection and routing; bodies and queries are read by `body`, answers leave as ready
bytes, and the hottest read never reaches the framework (`hot`).
"""

import time
from collections.abc import Mapping
from typing import Any, Final

import fastapi
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from orbital.api import (
    access,
    auctions,
    auth,
    chains,
    contract,
    cors,
    edge,
    errors,
    health,
    hot,
    idempotency,
    intents,
    limits,
    pools,
    protocol,
    quotes,
    reference,
    solvers,
    standings,
)
from orbital.api.deps import Clock, Services
from orbital.api.settings import ApiSettings
from orbital.chain.rpc import Rpc
from orbital.domain.errors import OrbitalError
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.realtime.hub import Hub
from orbital.realtime.limiter import LocalLimiter
from orbital.storage.pool import Pool

ROUTERS: Final = (
    auctions.router,
    intents.router,
    auth.router,
    protocol.router,
    chains.router,
    pools.router,
    quotes.router,
    standings.router,
    solvers.router,
    health.router,
)
"""In order: `/intents/pending` is no intent's id, `/solver/leaderboard` no solver's address."""


class Application(fastapi.FastAPI):
    """The framework with our layers in place of its own, which a hot read would pass without having any use of them.

    Left out are its catch-all (`edge` is ours), limits of bodies (`body` has them), telemetry and lifespans.
    """

    __call__ = Starlette.__call__

    def build_middleware_stack(self) -> ASGIApp:
        """What was added, around the framework's routing and its handlers of errors."""
        stack: ASGIApp = ExceptionMiddleware(AsyncExitStackMiddleware(self.router), self.exception_handlers)
        for layer, args, kwargs in reversed(self.user_middleware):
            stack = layer(stack, *args, **kwargs)
        return stack


def create_app(
    pool: Pool,
    network: Network,
    rpcs: Mapping[ChainId, Rpc],
    hub: Hub,
    settings: ApiSettings,
    clock: Clock = time.time,
    counter: limits.Counter | None = None,
) -> "Application":
    """The application over services that the caller opens, runs (the hub) and closes.

    `counter` counts for the rate limits; without one this process counts by itself.
    """
    app = Application(
        title=contract.TITLE,
        version=health.VERSION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            OrbitalError: errors.handle_orbital,
            405: _refuse_method,
            HTTPException: errors.handle_http,
        },
    )
    app.state.services = Services(pool, network, rpcs, hub, settings, clock, clock())
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.extend(reference.ROUTES)
    access.require_statements(app.routes)
    app.add_middleware(hot.Hot, services=app.state.services)
    app.add_middleware(idempotency.Idempotency)  # the last one added is the first to see a request
    if settings.rate_limit_rpm:
        app.add_middleware(limits.Limits, settings=settings, counter=LocalLimiter() if counter is None else counter)
    origins = cors.Policy(settings.cors_origins) if settings.cors_origins else None
    app.add_middleware(edge.Edge, origins=origins, is_https=settings.public_url.startswith("https://"))
    contract.complete(app)
    return app


def build_contract() -> dict[str, Any]:
    """The document at `/openapi.json`, without an application that could answer it."""
    return contract.build(ROUTERS, health.VERSION)


def allowed_methods(path: str) -> frozenset[str]:
    """Every method that some route takes at this path."""
    routes = [*reference.ROUTES, *(one for router in ROUTERS for one in router.routes if isinstance(one, Route))]
    found = [route.methods or set() for route in routes if route.path_regex.match(path)]
    return frozenset[str]().union(*found)


async def _refuse_method(request: Request, error: Exception) -> Response:
    """The framework names the methods of the first route only; all of them belong into `Allow`."""
    allowed = allowed_methods(request.url.path)
    if not allowed:
        return await errors.handle_http(request, error)
    return errors.respond(errors.MethodNotAllowed(allowed), request.state.request_id)
