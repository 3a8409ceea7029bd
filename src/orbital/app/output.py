"""Standard output, where a command writes what it was asked for: nothing else in the package writes there.

A text is out when `write` returns. Where none can go the command ends with one line that says why; a reader who has
gone away (`| head -1`) has what he wanted, so it ends quietly, with the status of whom SIGPIPE ended.
"""

import os
import signal
import sys
from typing import Final

EXIT_UNWRITABLE: Final = 1
EXIT_READER_GONE: Final = 128 + signal.SIGPIPE


class Unwritable(Exception):
    """Standard output takes no more. No OrbitalError, so that it passes whoever tells those and ends the command."""


def write(text: str) -> None:
    """Write a text out; Unwritable when it can't be."""
    if sys.stdout is None:  # it was closed before the start
        raise Unwritable("It is closed.")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as failure:
        raise Unwritable(f"{failure.strerror}.") from failure


def flush() -> None:
    """Write out what a library left in the buffer, `argparse` its help; Unwritable when it can't be."""
    if sys.stdout is not None:
        write("")


def give_up(failure: Unwritable) -> int:
    """Say why, unless it is that the reader has gone; returns the exit status."""
    if sys.stdout is not None:  # what is left in the buffer would fail once more when the interpreter ends
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    if isinstance(failure.__cause__, BrokenPipeError):
        return EXIT_READER_GONE
    sys.stderr.write(f"orbital: unwritable_output: Standard output can't be written: {failure}\n")
    return EXIT_UNWRITABLE
