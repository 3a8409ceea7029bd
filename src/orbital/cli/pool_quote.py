"""`orbital pool quote`: swaps against pools that stand in a file."""

import argparse
import errno
import json
import pathlib
import sys
from collections.abc import Sequence

from orbital.app import output, pool_quotes
from orbital.cli import words
from orbital.domain.errors import OrbitalError


def main(arguments: Sequence[str]) -> int:
    """Print the answers; returns the exit status (2: the file is none of cases)."""
    parser = argparse.ArgumentParser(
        prog="orbital pool quote",
        description="Quote exact-in swaps, without fee: FILE is a JSON list of cases {n, ticks: [{radius, k}],"
        " reserves, token_in, token_out, amount_in}. Prints a JSON list: for each case the amount out as an integer at"
        ' 18 decimals in a string, or {"error": code}.',
    )
    parser.add_argument("file", metavar="FILE", help="the cases; - reads standard input")
    chosen = parser.parse_args(arguments)
    try:
        answers = pool_quotes.quote_all(_read(chosen.file))
    except OrbitalError as error:
        sys.stderr.write(f"orbital: {error}\n")
        return 2
    except (OSError, UnicodeDecodeError) as failure:
        sys.stderr.write(f"orbital: unreadable_file: {words.reason(failure)}\n")
        return 2
    output.write(json.dumps(answers, indent=1) + "\n")
    return 0


def _read(file: str) -> str:
    if file != "-":
        return pathlib.Path(file).read_text("utf-8")
    if sys.stdin is None:  # it was closed before the start
        raise OSError(errno.EBADF, "It is closed", "standard input")
    return sys.stdin.read()
