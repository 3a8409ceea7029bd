"""The process `orbital serve analytics`: concludes awards, and counts what is read of solvers."""

import os

from orbital.analytics import loop
from orbital.analytics.settings import AnalyticsSettings
from orbital.app import process, wiring
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings

NEEDS = frozenset({Need.DATABASE, Need.NETWORK})
STATEMENT_SECONDS = 120.0  # for one over all that is concluded


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    return process.run("analytics", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    async with wiring.open_database(settings, pool_max=3, statement_seconds=STATEMENT_SECONDS) as database:
        wiring.serve_metrics(settings)
        await loop.run(database, settings.network, AnalyticsSettings())
