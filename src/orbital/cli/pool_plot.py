"""`orbital pool plot`: a picture of a pool as SVG."""

import argparse
import pathlib
import sys
from collections.abc import Sequence

from orbital.app import output, plots, pool_quotes
from orbital.cli import words
from orbital.domain.errors import OrbitalError


def main(arguments: Sequence[str]) -> int:
    """Write the picture; returns the exit status (2: there is no such pool or pair)."""
    parser = argparse.ArgumentParser(prog="orbital pool plot", description="Draw a pool as SVG.")
    parser.add_argument("view", nargs="?", choices=[view.value for view in plots.View], default="curve")
    parser.add_argument(
        "--tokens", type=words.whole, default=3, help="how many tokens the pool has, 2 to 10,000 (default: 3)"
    )
    parser.add_argument(
        "--ticks",
        type=_prices,
        default=_prices("0.99,0.95,0.85,0.7"),
        help="depeg prices (default: 0.99,0.95,0.85,0.7)",
    )
    parser.add_argument(
        "--pair", type=_pair, default=(0, 1), help="the token and the one its price is in (default: 0,1)"
    )
    parser.add_argument(
        "--sold", type=words.whole, default=15, help="percent of token 0 sold for the last one before (default: 15)"
    )
    parser.add_argument("--from", dest="file", type=pathlib.Path, help="the pool of a case in a file of `pool quote`")
    parser.add_argument("--case", type=words.whole, help="which case of that file (default: 0)")
    parser.add_argument("--out", type=pathlib.Path, help="a file instead of standard output")
    chosen = parser.parse_args(arguments)
    if chosen.case is not None and not chosen.file:
        parser.error("--case needs the file of --from")
    try:
        if chosen.file:
            pool = pool_quotes.read_case(chosen.file.read_text("utf-8"), chosen.case or 0)
        else:
            pool = plots.example(chosen.tokens, chosen.ticks, chosen.sold)
        picture = plots.draw(pool, plots.View(chosen.view), *chosen.pair)
    except OrbitalError as error:
        sys.stderr.write(f"orbital: {error}\n")
        return 2
    except (OSError, UnicodeDecodeError) as failure:
        sys.stderr.write(f"orbital: unreadable_file: {words.reason(failure)}\n")
        return 2
    return _write(picture, chosen.out)


def _write(picture: str, out: pathlib.Path | None) -> int:
    if out is None:
        output.write(picture)
        return 0
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as failure:
        sys.stderr.write(f"orbital: unwritable_file: {words.reason(failure)}\n")
        return 2
    return 0


def _prices(text: str) -> list[int]:
    try:
        return [round(float(word) * plots.PPM) for word in text.split(",")]
    except OverflowError as failure:
        raise argparse.ArgumentTypeError("a price is finite") from failure
    except ValueError as failure:
        raise argparse.ArgumentTypeError(f"{text!r} are no prices: 0.99,0.95") from failure


def _pair(text: str) -> tuple[int, int]:
    try:
        token, other = (words.whole(word) for word in text.split(","))
    except ValueError as failure:
        raise argparse.ArgumentTypeError(f"{text!r} is no pair of tokens: 0,1") from failure
    return token, other
