"""`orbital rewind`: the way out of a stopped chain."""

import argparse
from collections.abc import Sequence

from orbital.app import maintenance
from orbital.cli import words


def main(arguments: Sequence[str]) -> int:
    """Take a chain back; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="orbital rewind",
        description="Take a chain back to a block, final or not; its indexer then follows the node's history from"
        " there. Facts above it do not count any more, which is announced. Safe while the services run.",
    )
    parser.add_argument("--chain", type=words.whole, required=True, metavar="ID", help="the chain")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--to", type=words.whole, metavar="BLOCK", help="the last block that stays")
    where.add_argument("--all", action="store_true", help="nothing stays, not even the chain's first block")
    chosen = parser.parse_args(arguments)
    return maintenance.rewind(chosen.chain, chosen.to)
