"""What a process's figures say of its database."""

from typing import Final

from orbital.observe import metrics

WAITING: Final = metrics.gauge("orbital_database_waiting", "Who wait for a connection of the pool now.")
OVERLOADS: Final = metrics.counter(
    "orbital_database_overloads", "What was given up because of a database that has too much to do.", ("reason",)
)
