"""`orbital migrate`: bring the database schema to this version."""

import argparse
from collections.abc import Sequence

from orbital.app import maintenance


def main(arguments: Sequence[str]) -> int:
    """Apply missing migrations; returns the exit status."""
    argparse.ArgumentParser(
        prog="orbital migrate", description="Apply the migrations that the database lacks (DATABASE_URL)."
    ).parse_args(arguments)
    return maintenance.migrate()
