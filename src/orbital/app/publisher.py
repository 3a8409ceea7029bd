"""The process `orbital serve publisher`: moves announcements from the outbox to Redis."""

import os

from orbital.app import process, wiring
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.publisher import loop
from orbital.publisher.settings import PublisherSettings

NEEDS = frozenset({Need.DATABASE, Need.REDIS})


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    return process.run("publisher", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    async with wiring.open_database(settings, pool_max=2) as database, wiring.open_bus(settings) as bus:
        wiring.serve_metrics(settings)
        await loop.run(database, bus, PublisherSettings())
