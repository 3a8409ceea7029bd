"""What the publisher must be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherSettings:
    """It looks every `busy_seconds` after there was something, ever more rarely up to `idle_seconds` while not."""

    batch: int = 500
    busy_seconds: float = 0.02
    idle_seconds: float = 0.1
    retry_seconds: float = 0.2
    retry_max_seconds: float = 3.0
