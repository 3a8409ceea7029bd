"""Which times a fact sets: what chains must be asked about, so that the fold can tell what is over."""

from typing import Final

from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignIntent, ForeignOpened
from orbital.domain.intent import Intent
from orbital.domain.types import ChainId, UnixSeconds

TIMED: Final = (f.IntentSubmitted, f.IntentOpened, ForeignOpened, f.IntentAwarded, f.DeadlinePassed)
"""Events that set a time or say that one passed: no other changes an intent's deadlines."""


def deadlines_of(fact: f.Fact, intent: Intent | ForeignIntent) -> list[tuple[ChainId, UnixSeconds, f.Deadline, int]]:
    """The times that a fact sets: (chain whose blocks decide, due after, which, round).

    An open sets no time to open by: what is opened was in time, and an intent that was submitted has that time already.
    """
    match fact.event:
        case ForeignOpened(intent=opened) | f.IntentOpened(intent=opened):
            return [(opened.destination_chain_id, opened.fill_deadline, f.Deadline.FILL_DEADLINE, 0)]
        case _ if isinstance(intent, ForeignIntent):
            return []
        case f.IntentSubmitted():
            return [
                (intent.origin_chain_id, intent.open_deadline, f.Deadline.OPEN_DEADLINE, 0),
                (intent.destination_chain_id, intent.fill_deadline, f.Deadline.FILL_DEADLINE, 0),
            ]
        case f.IntentAwarded() as awarded:
            return [
                (intent.origin_chain_id, awarded.open_by, f.Deadline.OPEN_BY, awarded.round),
                (intent.destination_chain_id, awarded.fill_by, f.Deadline.FILL_BY, awarded.round),
            ]
        case _:
            return []
