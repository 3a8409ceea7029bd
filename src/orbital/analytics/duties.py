"""The duties of the analytics process, in the order in which one builds on another."""

from orbital.analytics import standings
from orbital.analytics.desk import Duty


def make_duties() -> list[Duty]:
    """Made anew whenever a process begins to lead."""
    return [standings.make_duty()]
