"""`orbital demo`: intents through a fresh temporary stack, each checked on chain."""

import argparse
from collections.abc import Sequence

from orbital.app import demo
from orbital.cli import words


def main(arguments: Sequence[str]) -> int:
    """Run the demo; returns 0 only if every intent settled and every balance is right on chain."""
    parser = argparse.ArgumentParser(
        prog="orbital demo",
        description="Send signed intents through a fresh temporary stack and check the outcome on the chains.",
    )
    parser.add_argument("--intents", type=words.whole, default=5, help="how many, 1 to 1000 (default 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of text")
    chosen = parser.parse_args(arguments)
    if not 1 <= chosen.intents <= 1000:
        parser.error("--intents must be from 1 to 1000")
    return demo.main(chosen.intents, as_json=chosen.json)
