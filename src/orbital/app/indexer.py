"""The process `orbital serve indexer --chain ID`: follows one chain."""

import os

from orbital.app import process, wiring
from orbital.chain.rpc import Rpc
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.domain.errors import Rejected
from orbital.domain.types import ChainId
from orbital.indexer import loop, match
from orbital.indexer.settings import IndexerSettings

COLLECTOR_THRESHOLDS = (500_000, 20, 50)
NEEDS = frozenset({Need.DATABASE, Need.NETWORK})


def main(chain: int) -> int:
    """Run until told to stop; returns the exit status."""
    chain_id = ChainId(chain)
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    if chain_id not in settings.nodes:
        return process.report_config(ConfigError([f"--chain {chain_id}: no such chain is configured"]))
    try:
        match.sources_of(settings.network, chain_id)
    except Rejected as error:
        return process.report_config(ConfigError([error.detail]))
    process.calm_collector(COLLECTOR_THRESHOLDS)
    return process.run(f"indexer-{chain_id}", settings.log_level, lambda: _run(settings, chain_id))


async def _run(settings: Settings, chain_id: ChainId) -> None:
    node = settings.nodes[chain_id]
    async with (
        wiring.open_database(settings) as database,
        Rpc(node.urls, chain_id, calls_per_second=node.calls_per_second) as rpc,
    ):
        wiring.serve_metrics(settings)
        await loop.run(database, rpc, node.ws_urls, settings.network, chain_id, IndexerSettings())
