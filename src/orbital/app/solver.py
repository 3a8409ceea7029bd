"""The process `orbital solve`: the reference solver."""

import os

from orbital.app import process, wiring
from orbital.client.client import Client
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.solver import loop
from orbital.solver.settings import SolverSettings

NEEDS = frozenset({Need.NETWORK, Need.SOLVER})


def main() -> int:
    """Run until told to stop; returns the exit status."""
    try:
        settings = loading.load(os.environ, NEEDS)
    except ConfigError as error:
        return process.report_config(error)
    return process.run("solver", settings.log_level, lambda: _run(settings))


async def _run(settings: Settings) -> None:
    signer = settings.signers[Need.SOLVER]
    async with wiring.open_rpcs(settings) as rpcs, Client(settings.api_url, signer) as client:
        wiring.serve_metrics(settings)
        own = SolverSettings(fee_bps=settings.fee_bps, name=settings.solver_name, contact=settings.solver_contact)
        await loop.run(client, settings.network, rpcs, signer, own)
