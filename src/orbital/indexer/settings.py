"""What an indexer must be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexerSettings:
    """Sizes and times of one worker.

    In catch-up `ranges_at_once` ranges are fetched at once. They have `batch_blocks` blocks at first, later as many as
    hold about `batch_logs` logs, and at most `batch_blocks_max`.

    A node that does not announce heads is asked ten to twenty times a block, most closely when one is due, but not more
    often than every `poll_min_seconds` nor less often than every `poll_seconds`; one that does every
    `watchdog_seconds`. A subscription is left when heads move on and it announces none for `silence_seconds`. Every
    `verify_seconds` what became final is compared once more.
    A lease that is not renewed for `lease_seconds` goes to another worker.
    """

    batch_blocks: int = 50
    batch_blocks_max: int = 2_000
    batch_logs: int = 5_000
    ranges_at_once: int = 4
    poll_seconds: float = 0.2
    poll_min_seconds: float = 0.005
    watchdog_seconds: float = 2.0
    silence_seconds: float = 5.0
    deadline_seconds: float = 1.0
    verify_seconds: float = 1.0
    verify_blocks: int = 500
    lease_seconds: float = 4.0
    renew_seconds: float = 1.0
    retry_seconds: float = 0.5
    stopped_retry_seconds: float = 5.0
