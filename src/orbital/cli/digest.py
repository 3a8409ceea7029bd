"""`orbital digest`: fingerprints of ledger and projections."""

import argparse
from collections.abc import Sequence

from orbital.app import maintenance


def main(arguments: Sequence[str]) -> int:
    """Print the fingerprints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="orbital digest",
        description="Hash the ledger and every projection. Databases that indexed the same have the same digest,"
        " whatever interrupted them. Safe while the services run: all parts are of one moment.",
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    return maintenance.digest(as_json=parser.parse_args(arguments).json)
