"""What a devnet is made of, as commands for the supervisor: nothing here starts anything."""

import http.client
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orbital.devnet import accounts, ports, process
from orbital.domain.network import Network

API: Final = "api"
HEALTH_TIMEOUT_SECONDS: Final = 1.0
HTTP_OK: Final = 200
_SECRETS: Final = ("AUCTIONEER", "SOLVER", "RELAYER", "VALIDATOR")


@dataclass(frozen=True, slots=True)
class Plan:
    """Services by the order of their start, and where each shows its figures."""

    groups: Sequence[Sequence[process.Command]]
    metrics_urls: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the services find what they need."""

    data_dir: pathlib.Path
    config: pathlib.Path
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

    def service(name: str, *words: str, **secrets: str) -> process.Command:
        metrics_port = ports.keep_port(place.data_dir / "ports" / name)
        metrics_urls[name] = f"http://{ports.LOOPBACK}:{metrics_port}/metrics"
        own = base | secrets | {"METRICS_PORT": str(metrics_port)}
        return _command(name, words, own, lambda pid: ports.is_served_by(metrics_port, pid))

    api = _command(
        API, ("serve", "api"), base | {"JWT_SECRET": place.jwt_secret}, lambda pid: _is_alive(place.port, pid)
    )
    indexers = [service(f"indexer-{one}", "serve", "indexer", "--chain", str(one)) for one in network.chains]
    auctioneer = service("auctioneer", "serve", "auctioneer", AUCTIONEER_PRIVATE_KEY=accounts.AUCTIONEER)
    publisher = service("publisher", "serve", "publisher")
    relayer = service(
        "relayer",
        "relay",
        RELAYER_PRIVATE_KEY=accounts.VALIDATOR_AND_RELAYER,
        VALIDATOR_PRIVATE_KEY=accounts.VALIDATOR_AND_RELAYER,
    )
    solvers = [
        service(f"solver-{number}", "solve", SOLVER_PRIVATE_KEY=secret, SOLVER_FEE_BPS=str(number + 1))
        for number, secret in enumerate(accounts.SOLVERS, start=1)
    ]
    return Plan([[api, *indexers, auctioneer, publisher], [relayer, *solvers]], metrics_urls)


def _base_environment(place: Place, environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment with the devnet's places; a key reaches only the process that signs with it."""
    inherited = {
        name: value
        for name, value in environment.items()
        if not name.startswith(tuple(f"{secret}_PRIVATE_KEY" for secret in _SECRETS))
    }
    return inherited | {
        "ORBITAL_ENV": "dev",
        "ORBITAL_CONFIG": str(place.config),
        "SERVER_ADDRESS": f"{ports.LOOPBACK}:{place.port}",
        "PUBLIC_URL": place.api_url,
        "API_URL": place.api_url,
        "DATABASE_URL": place.database_url,
        "REDIS_URL": place.redis_url,
        "LOG_LEVEL": place.log_level,
        "PYTHONUNBUFFERED": "1",
    }


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
