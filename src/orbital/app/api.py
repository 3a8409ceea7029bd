"""The process `orbital serve api`: the REST interface."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator

import uvicorn

from orbital.api import asgi
from orbital.api.settings import ApiSettings
from orbital.app import process, wiring
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.realtime.hub import Hub

NEEDS = frozenset({Need.DATABASE, Need.REDIS, Need.JWT, Need.NETWORK})
GRACE_SECONDS = 2


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
    return process.run("api", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    own = ApiSettings(
        public_url=settings.public_url,
        jwt_secret=settings.jwt_secret,
        auction_window_ms=settings.auction_window_ms,
        denied=settings.denied,
        metrics_token=settings.metrics_token,
    )
    hub = Hub(settings.redis_url)
    async with (
        wiring.open_database(settings, pool_max=20) as database,
        wiring.open_rpcs(settings) as rpcs,
        asyncio.TaskGroup() as tasks,
    ):
        listening = tasks.create_task(hub.run())
        app = asgi.create_app(database, settings.network, rpcs, hub, own, time.time)
        server = _Server(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                loop="none",
                log_config=None,
                access_log=False,
                lifespan="off",
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        await _serve(server)
        listening.cancel()


async def _serve(server: _Server) -> None:
    """Serve until cancelled, then let requests under way end."""
    serving = asyncio.create_task(server.serve())
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
