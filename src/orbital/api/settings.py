"""What the API must be told."""

from dataclasses import dataclass, field

from orbital.domain.types import Address


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`public_url` (no slash at its end) is what wallets see when they log in; secrets are kept out of `repr`.

    `metrics_token`: with it, the figures are for its bearer alone.
    """

    public_url: str
    jwt_secret: str = field(repr=False)
    auction_window_ms: int = 1500
    denied: frozenset[Address] = frozenset()
    metrics_token: str | None = field(default=None, repr=False)
