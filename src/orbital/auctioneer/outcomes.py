"""A round's outcome as it is stored: everything that its ranking read and said, so that anybody can replay it.

JSON with amounts and scores as decimal strings, addresses in lower-case hex, times in unix seconds:

    {"closed_at", "min_output_amount", "origin_time", "destination_time", "reason",
     "bids": [{"seq", "solver", "output_amount", "valid_until", "reputation", "score", "rank", "reason"}],
     "standings": [{"solver", "reputation", "refusal"}],
     "award": {"solver", "output_amount", "open_by", "fill_by"}}

Ranked bids come first, in order of rank; the others have neither rank nor score. A bid's `reason` says why it did not
win, the outcome's why nobody did; both are null otherwise.
"""

from collections.abc import Sequence
from typing import Any

from orbital.domain import auction
from orbital.domain.intent import Award
from orbital.domain.types import Amount, UnixSeconds

Outcome = dict[str, Any]


def describe(
    decided: auction.Outcome,
    standings: Sequence[auction.Standing],
    min_output_amount: Amount,
    origin_time: UnixSeconds | None,
    destination_time: UnixSeconds | None,
    closed_at: UnixSeconds,
    award: Award | None,
    reason: str | None,
) -> Outcome:
    """The outcome of a round that had an auction."""
    return {
        "closed_at": closed_at,
        "min_output_amount": str(min_output_amount),
        "origin_time": origin_time,
        "destination_time": destination_time,
        "reason": reason,
        "bids": [_ranked(one) for one in decided.ranked] + [_refused(*one) for one in decided.refused],
        "standings": [
            {"solver": _hex(one.solver), "reputation": one.reputation, "refusal": one.refusal} for one in standings
        ],
        "award": None if award is None else describe_award(award),
    }


def describe_award(award: Award) -> Outcome:
    return {
        "solver": _hex(award.solver),
        "output_amount": str(award.output_amount),
        "open_by": award.open_by,
        "fill_by": award.fill_by,
    }


def _ranked(one: auction.Ranked) -> Outcome:
    scored = one.scored
    return _bid(auction.Unscored(scored.seq, scored.bid)) | {
        "reputation": scored.reputation,
        "score": str(scored.score),
        "rank": one.rank,
        "reason": None if one.rank == 1 else auction.Loss.OUTBID,
    }


def _refused(entry: auction.Unscored, reason: auction.Refusal | auction.Loss) -> Outcome:
    return _bid(entry) | {"reputation": None, "score": None, "rank": None, "reason": reason}


def _bid(entry: auction.Unscored) -> Outcome:
    return {
        "seq": entry.seq,
        "solver": _hex(entry.bid.solver),
        "output_amount": str(entry.bid.output_amount),
        "valid_until": entry.bid.valid_until,
    }


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
