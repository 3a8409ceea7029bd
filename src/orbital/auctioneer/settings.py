"""What the auctioneer must be told."""

from dataclasses import dataclass

from orbital.domain.types import Address


@dataclass(frozen=True, slots=True)
class AuctioneerSettings:
    """`window_ms`: how long a round takes bids. `denied`: users and recipients that the operator does not serve.

    The lease runs out `lease_seconds` after its last renewal: that is how long auctions pause when the leader dies.
    `idle_seconds` is the longest sleep, so the longest that a new intent waits for its auction.
    """

    window_ms: int = 1500
    denied: frozenset[Address] = frozenset()
    lease_seconds: float = 4.0
    renew_seconds: float = 1.0
    idle_seconds: float = 0.15
    judge_seconds: float = 0.5
