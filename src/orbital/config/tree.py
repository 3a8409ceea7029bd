"""The settings tree: what a process may be told, frozen, with secrets hidden in `repr`."""

import dataclasses
import ipaddress
from collections.abc import Mapping
from enum import StrEnum

from orbital.chain import keys
from orbital.domain.network import Network
from orbital.domain.types import Address, ChainId

IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


class Mode(StrEnum):
    """Only dev may use embedded servers, public keys and a made-up JWT secret."""

    PROD = "prod"
    DEV = "dev"


class Need(StrEnum):
    """What a process can't start without."""

    DATABASE = "DATABASE_URL"
    REDIS = "REDIS_URL"
    JWT = "JWT_SECRET"
    AUCTIONEER = "AUCTIONEER_PRIVATE_KEY"
    SOLVER = "SOLVER_PRIVATE_KEY"
    RELAYER = "RELAYER_PRIVATE_KEY"
    VALIDATOR = "VALIDATOR_PRIVATE_KEY"
    NETWORK = "orbital.toml"


class ConfigError(Exception):
    """All faults of a configuration; each is a sentence that names what to change."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(f"- {fault}" for fault in faults))
        self.faults = faults


@dataclasses.dataclass(frozen=True, slots=True)
class Node:
    """Where a chain is reached: HTTP URLs and WebSocket URLs (there may be none), each in order of preference.

    `calls_per_second` is what each of the first may be asked; None: as much as it likes.
    """

    urls: tuple[str, ...]
    ws_urls: tuple[str, ...]
    calls_per_second: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. Secrets are hidden in `repr`; `signers` holds only the keys that were given."""

    mode: Mode
    host: str
    port: int
    public_url: str
    database_url: str = dataclasses.field(repr=False)
    database_connections: int
    database_wait_seconds: int
    redis_url: str = dataclasses.field(repr=False)
    jwt_secret: str = dataclasses.field(repr=False)
    jwt_secret_previous: str | None = dataclasses.field(repr=False)
    metrics_token: str | None = dataclasses.field(repr=False)
    signers: Mapping[Need, keys.Signer]
    network: Network
    nodes: Mapping[ChainId, Node] = dataclasses.field(repr=False)
    auction_window_ms: int
    denied: frozenset[Address]
    admin_addresses: frozenset[Address]
    rate_limit_rpm: int
    rate_limit_burst: int
    rate_limit_rpm_solver: int
    trusted_proxies: tuple[IpNetwork, ...]
    cors_origins: frozenset[str]
    api_url: str
    metrics_port: int
    fee_bps: int
    solver_name: str
    solver_contact: str
    log_level: str
