"""`orbital pool`: the AMM without a chain: quotes for pools in a file, and pictures of them."""

import importlib
import sys
from collections.abc import Sequence
from typing import Final

from orbital.app import output

VERBS: Final = {
    "quote": "what swaps against pools in a JSON file give",
    "plot": "a picture of a pool as SVG",
}


def main(arguments: Sequence[str]) -> int:
    """Run `quote` or `plot`; returns the exit status (2: the words were wrong)."""
    if arguments and arguments[0] in VERBS:
        return int(importlib.import_module(f"orbital.cli.pool_{arguments[0]}").main(arguments[1:]))
    lines = "\n".join(f"  {verb:<6} {what}" for verb, what in VERBS.items())
    usage = f"usage: orbital pool VERB [options]\n\n{lines}\n\n`orbital pool VERB --help` says more.\n"
    is_help = bool(arguments) and arguments[0] in {"-h", "--help"}
    if is_help:
        output.write(usage)
        return 0
    sys.stderr.write(f"orbital pool: there is no verb {arguments[0]!r}\n\n{usage}" if arguments else usage)
    return 2
