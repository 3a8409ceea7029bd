"""The duties of the analytics process, in the order in which one builds on another."""

from orbital.analytics import standings
from orbital.analytics.conclude import Concluder
from orbital.analytics.desk import Duty
from orbital.analytics.scores import Scorer


def make_duties() -> list[Duty]:
    """Made anew whenever a process begins to lead."""
    return [
        Duty("conclude", Concluder().turn),
        Duty("scores", Scorer().turn),
        standings.make_duty(),
    ]
