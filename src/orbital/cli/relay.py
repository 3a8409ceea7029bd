"""`orbital relay`: relayer and validator of the local message bridge."""

import argparse
from collections.abc import Sequence

from orbital.app import relayer


def main(arguments: Sequence[str]) -> int:
    """Run the relayer until it is told to stop; returns the exit status."""
    argparse.ArgumentParser(
        prog="orbital relay",
        description="Deliver finalized messages, expire and refund (RELAYER_PRIVATE_KEY, VALIDATOR_PRIVATE_KEY).",
    ).parse_args(arguments)
    return relayer.main()
