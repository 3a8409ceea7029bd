"""Integer roots and quotients that round up, where the library rounds down."""

import math


def ceil_div(number: int, divisor: int) -> int:
    """The quotient of two integers, rounded up; `divisor` > 0."""
    return -(-number // divisor)


def ceil_sqrt(number: int) -> int:
    """The least integer whose square is at least `number`."""
    return math.isqrt(number - 1) + 1 if number > 0 else 0
