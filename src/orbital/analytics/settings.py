"""What the analytics process must be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsSettings:
    """It looks every `rhythm_seconds` for what there is to do, and without a pause while there is more.

    The lease runs out `lease_seconds` after its last renewal: that is how long everything stands still when the leader
    dies, which nobody who reads needs to wait for.
    """

    rhythm_seconds: float = 2.0
    lease_seconds: float = 4.0
    renew_seconds: float = 1.0
