"""The process `orbital relay`: relayer and validator of the local message bridge."""

import os

from orbital.app import process, wiring
from orbital.chain.transactions import Wallet
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.solver import relayer
from orbital.solver.settings import RelayerSettings

NEEDS = frozenset({Need.NETWORK, Need.RELAYER, Need.VALIDATOR})


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    return process.run("relayer", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    async with wiring.open_rpcs(settings) as rpcs:
        wallets = {chain_id: Wallet(rpc, settings.signers[Need.RELAYER]) for chain_id, rpc in rpcs.items()}
        wiring.serve_metrics(settings)
        await relayer.run(settings.network, rpcs, settings.signers[Need.VALIDATOR], wallets, RelayerSettings())
