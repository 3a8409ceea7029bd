"""`orbital rebuild`: recreate every projection from the ledger."""

import argparse
from collections.abc import Sequence

from orbital.app import maintenance


def main(arguments: Sequence[str]) -> int:
    """Fold everything anew; returns the exit status."""
    argparse.ArgumentParser(
        prog="orbital rebuild",
        description="Fold every intent and solver anew from the ledger. Safe while the services run.",
    ).parse_args(arguments)
    return maintenance.rebuild()
