"""`orbital up`: the whole stack with local chains, until Ctrl-C."""

import argparse
import pathlib
from collections.abc import Sequence

from orbital.app import stack, up
from orbital.cli import words


def main(arguments: Sequence[str]) -> int:
    """Run the stack; returns the exit status (2: a word or a port was wrong)."""
    parser = argparse.ArgumentParser(
        prog="orbital up",
        description="Run the whole stack: PostgreSQL, Redis, local chains, contracts, services, demo traffic.",
    )
    parser.add_argument("--port", type=words.whole, default=8080, help="of the API; 0 picks a free one (default 8080)")
    parser.add_argument("--data-dir", type=pathlib.Path, default=pathlib.Path(".orbital"), help="default .orbital")
    parser.add_argument("--fresh", action="store_true", help="forget everything that was kept and start over")
    parser.add_argument("--no-demo", action="store_true", help="no demo traffic")
    parser.add_argument("--chains", type=words.whole, default=2, help="how many local chains, 2 to 8 (default 2)")
    parser.add_argument(
        "--slots-in-an-epoch",
        type=words.whole,
        default=1,
        metavar="N",
        help="safe is head-N, finalized head-2N (default 1)",
    )
    parser.add_argument(
        "--log-level",
        choices=("debug", "info", "warning", "error"),
        default="info",
        help="of the services' logs (default info)",
    )
    chosen = parser.parse_args(arguments)
    if not 0 <= chosen.port < 65536:
        parser.error("--port must be from 0 to 65535")
    if not stack.CHAINS_MIN <= chosen.chains <= stack.CHAINS_MAX:
        parser.error(f"--chains must be from {stack.CHAINS_MIN} to {stack.CHAINS_MAX}")
    if chosen.slots_in_an_epoch < 1:
        parser.error("--slots-in-an-epoch must be 1 or more")
    return up.main(chosen)
