"""Words of the command line as values. What they can't be is told in the project's words, not in the language's."""

import argparse
import re
from typing import Final

_WHOLE: Final = re.compile("-?[0-9]{1,78}")


def whole(text: str) -> int:
    """A whole number in decimal digits; ArgumentTypeError, which `argparse` shows, for anything else."""
    if not _WHOLE.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number")
    return int(text)


def reason(failure: OSError | UnicodeDecodeError) -> str:
    """Why a file could not be read or written, with its name when it is known."""
    if isinstance(failure, UnicodeDecodeError):
        return "it is not UTF-8 text"
    return f"{failure.filename}: {failure.strerror}"
