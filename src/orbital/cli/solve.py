"""`orbital solve`: the reference solver."""

import argparse
from collections.abc import Sequence

from orbital.app import solver


def main(arguments: Sequence[str]) -> int:
    """Run the solver until it is told to stop; returns the exit status."""
    argparse.ArgumentParser(
        prog="orbital solve", description="Run the reference solver: it bids, opens and fills (SOLVER_PRIVATE_KEY)."
    ).parse_args(arguments)
    return solver.main()
