"""What providers mean when they refuse: the one table of their words.

JSON-RPC has no code for "ask for fewer blocks" or "ask more slowly", so each provider says it in words under a code of
its own choice (EIP-1474's -32005 stands for both). Order matters: the first row that matches decides, and words that
name a range come before codes and words about speed. Words that no row knows are OTHER and say nothing of limits.
"""

import re
from enum import StrEnum
from typing import Final, NamedTuple


class Limit(StrEnum):
    """Which limit was met; the word is the metric's label."""

    RANGE = "range_too_large"
    RESULTS = "too_many_results"
    RATE = "rate_limited"
    TIME = "timeout"
    OTHER = "other"


RANGE_LIMITS: Final = frozenset({Limit.RANGE, Limit.RESULTS, Limit.TIME})
"""Those that fewer blocks stay below, when logs are asked for."""


class Refusal(NamedTuple):
    """`suggested`: blocks that the node would take, its end excluded. `max_blocks`: how many it takes at once."""

    limit: Limit
    suggested: range | None = None
    max_blocks: int | None = None


LIMIT_EXCEEDED_CODE: Final = -32005
_WORDS_MAX: Final = 1000
"""Characters that are read: a node may send any amount of text."""

_ROWS: Final = tuple(
    (re.compile(words, re.IGNORECASE), limit)
    for words, limit in (
        (r"query returned more than [\d,]+ results|query exceeds max results", Limit.RESULTS),  # Infura, geth, reth
        (
            r"response size (?:is |was )?(?:exceeded|too large)|response (?:size )?(?:is )?too (?:big|large)",
            Limit.RESULTS,
        ),  # Alchemy
        (r"result set too large|too many (?:results|logs)|more than [\d,]+ logs", Limit.RESULTS),
        (r"block range should work|try with this block range|retry with the range", Limit.RANGE),  # Alchemy, Infura
        (r"(?:limited to|up to|exceeds?) an? [\d,]+k?[ -]blocks? range", Limit.RANGE),
        (
            r"eth_getLogs (?:is |are )?limited to|limited to (?:a |0 - )?[\d,]+ (?:blocks?|range)",
            Limit.RANGE,
        ),  # QuickNode
        (
            r"(?:block )?range (?:is )?(?:too (?:wide|large|big)|exceeds|limit exceeded|greater than)",
            Limit.RANGE,
        ),  # Ankr
        (
            r"(?:exceeds?|exceeded|maximum|max(?:imum)?) (?:the |is )?(?:max(?:imum)? )?(?:allowed )?block range",
            Limit.RANGE,
        ),
        (r"requested too many blocks|maximum \[?from, ?to\]? blocks distance", Limit.RANGE),
        (r"query timeout exceeded|reducing your block range", Limit.RANGE),
        (r"rate.?limit|too many requests|request rate|requests per second|compute units per second", Limit.RATE),
        (r"exceeded (?:its|your) (?:\w+ ){0,3}(?:capacity|quota)|daily request count exceeded|throttl", Limit.RATE),
        (r"timed? ?out|context deadline exceeded|deadline exceeded", Limit.TIME),
    )
)
_HEX_RANGE: Final = re.compile(r"\[\s*(0x[0-9a-f]{1,16})\s*,\s*(0x[0-9a-f]{1,16})\s*\]", re.IGNORECASE)
_DECIMAL_RANGE: Final = re.compile(r"with the range (\d{1,18})\s*-\s*(\d{1,18})", re.IGNORECASE)
_MAX_BLOCKS: Final = re.compile(
    r"(?:limited to|up to|maximum (?:is set to|allowed is)?|max(?:imum)? block range:?|distance:) ?"
    r"(?:an? |0 - )?(\d[\d,]{0,11})(k?)\b(?! (?:results|logs))",
    re.IGNORECASE,
)


def read(code: int, message: str) -> Refusal:
    """What a JSON-RPC error of this code and message says of the node's limits."""
    words = message[:_WORDS_MAX]
    for pattern, limit in _ROWS:
        if pattern.search(words):
            names_blocks = limit in {Limit.RANGE, Limit.RESULTS}
            return Refusal(limit, _suggested(words), _max_blocks(words)) if names_blocks else Refusal(limit)
    return Refusal(Limit.RATE if code == LIMIT_EXCEEDED_CODE else Limit.OTHER)


def _suggested(words: str) -> range | None:
    for pattern, base in ((_HEX_RANGE, 16), (_DECIMAL_RANGE, 10)):
        if found := pattern.search(words):
            first, last = (int(number, base) for number in found.groups())
            return range(first, last + 1) if first <= last else None
    return None


def _max_blocks(words: str) -> int | None:
    found = _MAX_BLOCKS.search(words)
    if found is None:
        return None
    number = int(found[1].replace(",", "")) * (1000 if found[2] else 1)
    return number or None
