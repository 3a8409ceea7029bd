"""`orbital config`: print the effective settings without their secrets, or check them against what is there."""

import argparse
from collections.abc import Sequence

from orbital.app import inspection


def main(arguments: Sequence[str]) -> int:
    """Print or check; returns the exit status."""
    parser = argparse.ArgumentParser(prog="orbital config", description="Show or check the effective settings.")
    parser.add_argument("action", nargs="?", choices=("show", "check"), default="show")
    chosen = parser.parse_args(arguments)
    return inspection.check() if chosen.action == "check" else inspection.show()
