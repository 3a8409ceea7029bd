"""`orbital config`: print the effective settings with secrets masked, or check them against the chains."""

import argparse
from collections.abc import Sequence

from orbital.app import maintenance


def main(arguments: Sequence[str]) -> int:
    """Print or check; returns the exit status."""
    parser = argparse.ArgumentParser(prog="orbital config", description="Show or check the effective settings.")
    parser.add_argument("action", nargs="?", choices=("show", "check"), default="show")
    chosen = parser.parse_args(arguments)
    return maintenance.check_config() if chosen.action == "check" else maintenance.show_config()
