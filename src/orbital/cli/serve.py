"""`orbital serve api|indexer|auctioneer|publisher|analytics`: one service of the stack."""

import argparse
import importlib
from collections.abc import Sequence
from typing import Final

from orbital.cli import words

SERVICES: Final = ("api", "indexer", "auctioneer", "publisher", "analytics")


def main(arguments: Sequence[str]) -> int:
    """Run a service until it is told to stop; returns the exit status."""
    parser = argparse.ArgumentParser(prog="orbital serve", description="Run one service of the stack.")
    parser.add_argument("service", choices=SERVICES)
    parser.add_argument("--chain", type=words.whole, metavar="ID", help="the chain that an indexer follows")
    chosen = parser.parse_args(arguments)
    if (chosen.service == "indexer") != (chosen.chain is not None):
        parser.error("an indexer needs --chain, nothing else takes it")
    app = importlib.import_module(f"orbital.app.{chosen.service}")
    return int(app.main(chosen.chain) if chosen.service == "indexer" else app.main())
