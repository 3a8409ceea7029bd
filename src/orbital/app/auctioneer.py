"""The process `orbital serve auctioneer`: closes auctions and signs awards."""

import os

from orbital.app import process, wiring
from orbital.auctioneer import loop
from orbital.auctioneer.settings import AuctioneerSettings
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings

NEEDS = frozenset({Need.DATABASE, Need.NETWORK, Need.AUCTIONEER})


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    return process.run("auctioneer", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    own = AuctioneerSettings(window_ms=settings.auction_window_ms, denied=settings.denied)
    async with wiring.open_database(settings) as database, wiring.open_rpcs(settings) as rpcs:
        wiring.serve_metrics(settings)
        await loop.run(database, settings.network, rpcs, settings.signers[Need.AUCTIONEER], own)
