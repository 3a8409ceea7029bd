"""What a devnet is made of, as commands for the supervisor: nothing here starts anything."""

import http.client
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from orbital.devnet import accounts, ports, process
from orbital.domain.network import Network

API: Final = "api"
HEALTH_TIMEOUT_SECONDS: Final = 1.0
HTTP_OK: Final = 200
NO_LIMIT: Final = "0"
"""Of requests: on one machine all demo users and solvers come from one address."""

_SECRETS: Final = tuple(f"{who}_PRIVATE_KEY" for who in ("AUCTIONEER", "SOLVER", "RELAYER", "VALIDATOR"))


@dataclass(frozen=True, slots=True)
class Plan:
    """Services by the order of their start, and where each shows its figures."""

    groups: Sequence[Sequence[process.Command]]
    metrics_urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the services find what they need."""

    data_dir: pathlib.Path
    config: pathlib.Path | None
    port: int
    database_url: str
    redis_url: str
    jwt_secret: str
    log_level: str

    @property
    def api_url(self) -> str:
        return f"http://{ports.LOOPBACK}:{self.port}"


def plan_services(network: Network, place: Place, environment: Mapping[str, str]) -> Plan:
    """Every service of the devnet: those that others build on first."""
    base = _base_environment(place, environment)
    metrics_urls = {API: f"{place.api_url}/metrics"}

    def service(name: str, *words: str, own: Mapping[str, str] = MappingProxyType({})) -> process.Command:
        metrics_port = ports.keep_port(place.data_dir / "ports" / name)
        metrics_urls[name] = f"http://{ports.LOOPBACK}:{metrics_port}/metrics"
        given = {**base, **own, "METRICS_PORT": str(metrics_port)}
        return _command(name, words, given, lambda pid: ports.is_served_by(metrics_port, pid))

    def key(name: str, public: str) -> dict[str, str]:
        return _own_key(environment, name) or {name: public}

    own = {"RATE_LIMIT_RPM": NO_LIMIT} | base | {"JWT_SECRET": place.jwt_secret}
    api = _command(API, ("serve", "api"), own, lambda pid: _is_alive(place.port, pid))
    indexers = [service(f"indexer-{one}", "serve", "indexer", "--chain", str(one)) for one in network.chains]
    auctioneer = service("auctioneer", "serve", "auctioneer", own=key("AUCTIONEER_PRIVATE_KEY", accounts.AUCTIONEER))
    publisher = service("publisher", "serve", "publisher")
    analytics = service("analytics", "serve", "analytics")
    bridge = accounts.VALIDATOR_AND_RELAYER
    relayer = service("relayer", "relay", own=key("RELAYER_PRIVATE_KEY", bridge) | key("VALIDATOR_PRIVATE_KEY", bridge))
    solvers = [
        service(
            f"solver-{number}",
            "solve",
            own={
                "SOLVER_PRIVATE_KEY": public,
                "SOLVER_FEE_BPS": str(number + 1),
                "SOLVER_NAME": f"Devnet solver {number}",
            },
        )
        for number, public in enumerate(accounts.SOLVERS, start=1)
    ]
    if own_solver := _own_key(environment, "SOLVER_PRIVATE_KEY"):
        solvers = [service("solver-1", "solve", own=own_solver)]
    return Plan([[api, *indexers, auctioneer, publisher, analytics], [relayer, *solvers]], metrics_urls)


def _base_environment(place: Place, environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with the devnet's places; a key reaches only the process that signs with it."""
    inherited = {name: value for name, value in environment.items() if not name.startswith(_SECRETS)}
    if place.config is not None:
        inherited["ORBITAL_CONFIG"] = str(place.config)
    return inherited | {
        "ORBITAL_ENV": "dev",
        "SERVER_ADDRESS": f"{ports.LOOPBACK}:{place.port}",
        "PUBLIC_URL": place.api_url,
        "API_URL": place.api_url,
        "DATABASE_URL": place.database_url,
        "REDIS_URL": place.redis_url,
        "LOG_LEVEL": place.log_level,
        "PYTHONUNBUFFERED": "1",
    }


def _own_key(environment: Mapping[str, str], name: str) -> dict[str, str]:
    """The caller's own key, as the variable or the file that holds it; empty when there is none."""
    return {one: environment[one] for one in (name, f"{name}_FILE") if environment.get(one)}


def _command(
    name: str, words: Sequence[str], environment: Mapping[str, str], is_ready: Callable[[int], bool]
) -> process.Command:
    return process.Command(
        name=name,
        argv=(sys.executable, "-m", "orbital", *words),
        environment=environment,
        working_dir=pathlib.Path(os.curdir).resolve(),
        is_ready=is_ready,
    )


def _is_alive(port: int, pid: int) -> bool:
    if not ports.is_served_by(port, pid):
        return False
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=HEALTH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == HTTP_OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
