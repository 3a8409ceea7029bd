"""`orbital reindex`: index a chain again from what another database kept of it."""

import argparse
from collections.abc import Sequence

from orbital.app import maintenance
from orbital.cli import words


def main(arguments: Sequence[str]) -> int:
    """Index without a node; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="orbital reindex",
        description="Index a chain into the database of DATABASE_URL from the blocks that another database kept,"
        " without asking a node. The services go on with the other database meanwhile; where the kept blocks end, the"
        " indexer of the chain goes on.",
    )
    parser.add_argument("--chain", type=words.whole, required=True, metavar="ID", help="the chain")
    parser.add_argument("--from", dest="source", required=True, metavar="URL", help="the database that kept blocks")
    chosen = parser.parse_args(arguments)
    return maintenance.reindex(chosen.chain, chosen.source)
