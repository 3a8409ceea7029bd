"""`orbital --version`."""

import importlib.metadata
from collections.abc import Sequence

from orbital.app import output


def main(_arguments: Sequence[str]) -> int:
    """Print the version."""
    output.write(f"orbital {importlib.metadata.version('orbital-intents')}\n")
    return 0
