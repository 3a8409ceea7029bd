"""The analytics process' figures."""

from typing import Final

from orbital.observe import metrics

IS_LEADER: Final = metrics.gauge("orbital_analytics_leader", "1 while this process has the lease, else 0.")
DUTY_SECONDS: Final = metrics.gauge("orbital_analytics_duty_seconds", "How long a duty's last turn took.", ("duty",))
CONCLUDED: Final = metrics.counter("orbital_analytics_awards_total", "Awards by how they ended.", ("result",))
SCORED: Final = metrics.counter("orbital_analytics_scores_total", "Scores that were counted.")
COUNT_SECONDS: Final = metrics.gauge(
    "orbital_analytics_standings_seconds", "How long it last took to count a window's standings.", ("window",)
)
