"""Quotes for pools that stand in a file: a JSON list of cases in, a JSON list of answers out.

A case is `{n, ticks: [{radius, k}], reserves, token_in, token_out, amount_in}`; numbers of tokens, radii and planes are
decimal strings or JSON numbers, `k` is the plane's distance from the origin. Whatever is finer than 18 decimals is
floored, unknown keys are ignored. An answer is the amount out as an integer at 18 decimals in a string, or
`{"error": code}` where a case has none; one bad case does not stop the others.
"""

import decimal
import fractions
import json
import math
import re
from typing import Any, Final

from orbital.domain.errors import OrbitalError, Rejected
from orbital.domain.orbital import pool, refusals, swap
from orbital.domain.orbital.tick import WAD, Tick

Answer = str | dict[str, str]
DIGITS_MAX: Final = 200
"""Of a number, before and after its point: more is no amount, and would only cost memory."""

NESTING_MAX: Final = 32
_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,9})?")
_BRACKETS: Final = re.compile(r'"(?:\\.|[^"\\])*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
"""Strings and brackets. A string without an end goes to the end of the text: else each quote in it would be tried."""


def quote_all(text: str) -> list[Answer]:
    """Answers in the order of the cases. Rejected("malformed") when the text is not a JSON list."""
    return [_answer(case) for case in _read_cases(text)]


def read_case(text: str, number: int) -> pool.Pool:
    """The pool of one of the cases. Raises Rejected and InvalidPool."""
    cases = _read_cases(text)
    if not 0 <= number < len(cases):
        raise Rejected("malformed", f"There are {len(cases)} cases, numbered from 0.")
    return read_pool(cases[number])


def read_pool(case: Any) -> pool.Pool:
    """The pool of one case. Raises Rejected and InvalidPool."""
    reserves = [_wad(one) for one in _list(case, "reserves")]
    n = case.get("n", len(reserves))
    if n != len(reserves):
        raise refusals.InvalidPool("invalid_pool", "`n` is not the number of reserves.")
    return pool.make([_read_tick(n, one) for one in _list(case, "ticks")], reserves)


def _read_cases(text: str) -> list[Any]:
    if _nesting(text) > NESTING_MAX:
        raise Rejected("malformed", f"The cases are nested deeper than {NESTING_MAX}.")
    try:
        cases = json.loads(text, parse_int=_read_int, parse_float=str, parse_constant=str)
    except ValueError as failure:
        raise Rejected("malformed", f"This is not JSON: {failure}.") from failure
    if not isinstance(cases, list):
        raise Rejected("malformed", "The cases are not a JSON list.")
    return cases


def _nesting(text: str) -> int:
    """How deep brackets go, those in strings left out; the parser itself may only find out by its stack."""
    depth = deepest = 0
    for found in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(found[0], 0)
        deepest = max(deepest, depth)
    return deepest


def _answer(case: Any) -> Answer:
    try:
        before = read_pool(case)
        token_in, token_out = _index(case, "token_in"), _index(case, "token_out")
        done = swap.quote_exact_in(before, token_in, token_out, _wad(case.get("amount_in")))
    except OrbitalError as error:
        return {"error": error.code}
    return str(done.amount_out)


def _read_tick(n: int, given: Any) -> Tick:
    if not isinstance(given, dict):
        raise Rejected("malformed", "A tick is an object.")
    k = _number(given.get("k"))
    level = math.isqrt(math.floor(n * (k * WAD) ** 2)) if k > 0 else 0
    return Tick.at(_wad(given.get("radius")), level)


def _list(case: Any, key: str) -> list[Any]:
    found = case.get(key) if isinstance(case, dict) else None
    if not isinstance(found, list):
        raise Rejected("malformed", f"`{key}` is not a list.")
    return found


def _index(case: Any, key: str) -> int:
    found = case.get(key)
    if not isinstance(found, int) or isinstance(found, bool):
        raise refusals.InvalidTrade("invalid_token", f"`{key}` is not the number of a token.")
    return found


def _read_int(text: str) -> int | str:
    """An integer; one of too many digits stays a text, which is no amount."""
    return text if len(text) > DIGITS_MAX else int(text)


def _wad(given: Any) -> int:
    return math.floor(_number(given) * WAD)


def _number(given: Any) -> fractions.Fraction:
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise Rejected("malformed", "A number is missing, or is none.")
    if _NUMBER.fullmatch(str(given)) is None:
        raise Rejected("malformed", "A number is none.")
    parsed = decimal.Decimal(given)
    if abs(parsed.adjusted()) > DIGITS_MAX or len(parsed.as_tuple().digits) > DIGITS_MAX:
        raise Rejected("malformed", "A number has too many digits.")
    return fractions.Fraction(parsed)
