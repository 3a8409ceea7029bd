"""The process `orbital serve api`: the REST interface."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Iterator

import uvicorn

from orbital.api import asgi
from orbital.api.deps import Services
from orbital.api.settings import ApiSettings
from orbital.app import listening, process, wiring
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.realtime.hub import Hub
from orbital.realtime.limiter import Limiter

NEEDS = frozenset({Need.DATABASE, Need.REDIS, Need.JWT, Need.NETWORK})
COLLECTOR_THRESHOLDS = (50_000, 20, 50)  # a request makes a few thousand small values, and few circles
GRACE_SECONDS = 2
IDLE_SECONDS = 75  # callers and proxies let go sooner: what they send just as we do is lost
ANSWER_SECONDS = 2.5  # what a caller waits for a database or a node before it is told that they are away: 3 s in all


class _Server(uvicorn.Server):
    """Leaves signals to `process.run`, which cancels the job."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    process.calm_collector(COLLECTOR_THRESHOLDS)
    return process.run("api", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    own = ApiSettings(
        public_url=settings.public_url,
        jwt_secret=settings.jwt_secret,
        auction_window_ms=settings.auction_window_ms,
        denied=settings.denied,
        metrics_token=settings.metrics_token,
        jwt_secret_previous=settings.jwt_secret_previous,
        admin_addresses=settings.admin_addresses,
        rate_limit_rpm=settings.rate_limit_rpm,
        rate_limit_burst=settings.rate_limit_burst,
        rate_limit_rpm_solver=settings.rate_limit_rpm_solver,
        trusted_proxies=settings.trusted_proxies,
        cors_origins=settings.cors_origins,
    )
    async with wiring.open_bus(settings):
        pass  # the API has ways of its own to Redis, which would go on without it, also if it does not know us
    hub = Hub(settings.redis_url)
    async with (
        wiring.open_database(settings, settings.database_connections, ANSWER_SECONDS) as database,
        wiring.open_rpcs(settings, node_seconds=ANSWER_SECONDS) as rpcs,
        Limiter(settings.redis_url) as limiter,
        listening.listen("SERVER_ADDRESS", settings.host, settings.port) as sockets,
        asyncio.TaskGroup() as tasks,
    ):
        hearing = tasks.create_task(hub.run())
        app = asgi.create_app(database, settings.network, rpcs, hub, own, time.time, limiter)
        server = _Server(
            uvicorn.Config(
                app,
                loop="none",
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                proxy_headers=False,  # whom to believe is the API's own decision (TRUSTED_PROXIES)
                timeout_graceful_shutdown=GRACE_SECONDS,
                timeout_keep_alive=IDLE_SECONDS,
            )
        )
        await _serve(server, sockets, app.state.services)
        hearing.cancel()


async def _serve(server: _Server, sockets: list[socket.socket], services: Services) -> None:
    """Serve until cancelled, then let requests under way end: those that wait are answered at once."""
    serving = asyncio.create_task(server.serve(sockets))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        services.waiting.close()
        await serving
        raise
