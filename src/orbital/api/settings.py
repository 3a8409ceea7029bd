"""What the API must be told."""

import ipaddress
from dataclasses import dataclass, field

from orbital.domain.types import Address

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """`public_url` (no slash at its end) is what wallets see when they log in; secrets are kept out of `repr`.

    `jwt_secret` signs tokens; those of `jwt_secret_previous` are still taken, so that a secret can be replaced.
    `admin_addresses` may do what an operator does. `metrics_token`: with it, the figures are for its bearer alone.
    `rate_limit_rpm` requests a minute, `rate_limit_burst` of them at once; 0 switches all limits off. What proxies of
    `trusted_proxies` say of where a request comes from is believed. Pages of `cors_origins` may call from a browser.

    `submit_chain_seconds` is what a submission waits for the origin in all: one silent node's time (`open_rpcs`), and
    the next one's answer. `submit_database_seconds` is what the database has after that to say something else than that
    the chain is away, giving up included. Together they are below the 3 s within which a caller is told.
    """

    public_url: str
    jwt_secret: str = field(repr=False)
    auction_window_ms: int = 1500
    denied: frozenset[Address] = frozenset()
    metrics_token: str | None = field(default=None, repr=False)
    jwt_secret_previous: str | None = field(default=None, repr=False)
    admin_addresses: frozenset[Address] = frozenset()
    rate_limit_rpm: int = 100
    rate_limit_burst: int = 20
    rate_limit_rpm_solver: int = 3000
    trusted_proxies: tuple[IpNetwork, ...] = ()
    cors_origins: frozenset[str] = frozenset()
    submit_chain_seconds: float = 2.6
    submit_database_seconds: float = 0.35
