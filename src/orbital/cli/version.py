"""`orbital --version`."""

import importlib.metadata
from collections.abc import Sequence


def main(_arguments: Sequence[str]) -> int:
    """Print the version."""
    print(f"orbital {importlib.metadata.version('orbital-intents')}")
    return 0
