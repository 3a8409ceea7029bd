"""How good a solver is, from 0 to 10 000: what auctions weigh his bids with. Formula version 1; its inputs are public.

    reputation = floor(10000 * (0.55 F + 0.20 S + 0.15 P + 0.10 U)) - 500 a slash, but not below 0

    F  (filled + 1) / (awarded + 2), each award weighted by its age
    S  1 / (1 + median_seconds / 60), from the award to the fill
    P  mean improvement over the second bid in bps / 50, at most 1
    U  share of days with at least one bid

Integers in parts per million throughout, and every division floors, so anybody gets the same number. What is not known
yet counts half, so a solver without any history is at 5000. An award weighs half as much every 14 days, and nothing
from the 280th day on. Ages are whole UTC days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.domain import auction
from orbital.domain.types import UnixSeconds

VERSION: Final = 1
ONE_PPM: Final = 1_000_000
HALF_PPM: Final = ONE_PPM // 2
DAY_SECONDS: Final = 24 * 3600
HALF_LIFE_DAYS: Final = 14
AWARDS_SEEN_DAYS: Final = 280
"""An award of this age weighs nothing: 10^6 halved twenty times."""

RECENT_DAYS: Final = 30
"""How far back fill times, improvements and bids are looked at, and how long a solver is new."""

SLASHES_SEEN_DAYS: Final = 90
SLASH_COST: Final = 500
AWARDS_A_USER_AND_DAY: Final = 5
"""No more awards of one user to one solver count, of a day: or a solver could be its own best customer."""

_FILL_SECONDS: Final = 60
_IMPROVEMENT_PPM: Final = 5000
_SHARES: Final = (55, 20, 15, 10)
_SHARES_SUM: Final = 100

DAILY_WEIGHTS_PPM: Final = (
    1_000_000,
    951_695,
    905_723,
    861_972,
    820_335,
    780_709,
    742_997,
    707_106,
    672_950,
    640_443,
    609_506,
    580_064,
    552_044,
    525_378,
)
"""floor(10^6 * 2^(-i/14)), for the days i of a half-life."""


class Result(StrEnum):
    """How an award ended. Only `filled` and `lapsed` count."""

    FILLED = "filled"
    LAPSED = "lapsed"
    EXCUSED = "excused"  # it lapsed by the user's fault
    SUPERSEDED = "superseded"  # the delivery counts for another round of the intent


@dataclass(frozen=True, slots=True)
class Day:
    """Awards of one UTC day that count, `age` days before the day of the score."""

    age: int
    filled: int
    lapsed: int


@dataclass(frozen=True, slots=True)
class Record:
    """What a solver did, as of a day.

    `median_fill_seconds` and `mean_improvement_ppm` are of fills of awards younger than 30 days, None without any;
    `days_with_bids` of the 30 whole days before; `is_new` in the first 30 days after the registration on chain, and
    before it; `slashes` of the last 90 days.
    """

    days: Sequence[Day] = ()
    median_fill_seconds: int | None = None
    mean_improvement_ppm: int | None = None
    days_with_bids: int = 0
    is_new: bool = True
    slashes: int = 0


@dataclass(frozen=True, slots=True)
class Score:
    """A reputation with what it was made of: weighted awards, and the four parts, all in ppm."""

    reputation: int
    filled_ppm: int
    awarded_ppm: int
    reliability_ppm: int
    speed_ppm: int
    price_ppm: int
    activity_ppm: int


def score(record: Record) -> Score:
    """The reputation that a record earns."""
    filled = sum(day.filled * weight(day.age) for day in record.days)
    awarded = filled + sum(day.lapsed * weight(day.age) for day in record.days)
    parts = (
        (filled + ONE_PPM) * ONE_PPM // (awarded + 2 * ONE_PPM),
        _speed(record.median_fill_seconds),
        _price(record.mean_improvement_ppm),
        HALF_PPM if record.is_new else record.days_with_bids * ONE_PPM // RECENT_DAYS,
    )
    mean = sum(share * part for share, part in zip(_SHARES, parts, strict=True))
    earned = mean * auction.REPUTATION_MAX // (_SHARES_SUM * ONE_PPM)
    return Score(max(0, earned - SLASH_COST * record.slashes), filled, awarded, *parts)


def weight(age: int) -> int:
    """Of an award so many whole days old, in ppm."""
    return DAILY_WEIGHTS_PPM[age % HALF_LIFE_DAYS] >> (age // HALF_LIFE_DAYS)


def day_of(time: UnixSeconds) -> int:
    """The UTC day that a time is in, counted from 1970."""
    return time // DAY_SECONDS


def is_new(registered_at: UnixSeconds | None, today: int) -> bool:
    """Whether too little time passed to ask how often a solver bids."""
    return registered_at is None or today < day_of(registered_at) + RECENT_DAYS


def _speed(median_fill_seconds: int | None) -> int:
    if median_fill_seconds is None:
        return HALF_PPM
    return _FILL_SECONDS * ONE_PPM // (_FILL_SECONDS + median_fill_seconds)


def _price(mean_improvement_ppm: int | None) -> int:
    if mean_improvement_ppm is None:
        return HALF_PPM
    return min(mean_improvement_ppm * ONE_PPM // _IMPROVEMENT_PPM, ONE_PPM)
