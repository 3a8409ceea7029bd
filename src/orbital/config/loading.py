"""Settings are read once, from the environment and `orbital.toml` (the environment wins).

Every fault is found and reported at once, in words that name the variable and never show a secret. What a process does
not need is not required of it. Outside dev mode the public keys of local chains and a guessable JWT secret are refused.
"""

import ipaddress
import pathlib
import re
import secrets
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from orbital.chain import keys
from orbital.config.network import read_network
from orbital.config.reader import Reader
from orbital.config.tree import ConfigError, IpNetwork, Mode, Need, Settings
from orbital.devnet import accounts
from orbital.domain import errors
from orbital.domain.types import Address

JWT_SECRET_BYTES_MIN: Final = 32
JWT_SECRET_SYMBOLS_MIN: Final = 10

_PREVIOUS: Final = "JWT_SECRET_PREVIOUS"
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def load(environment: Mapping[str, str], needs: frozenset[Need]) -> Settings:
    """Read the settings; raises ConfigError with every fault found.

    The file is `ORBITAL_CONFIG`, or `orbital.toml` in the working directory where it exists.
    """
    file, faults = _read_file(environment)
    mode, mode_faults = _mode_of(environment)
    reader = Reader(environment, file, mode)
    reader.faults += faults + mode_faults
    signers = _signers(reader, needs)
    nodes, network = read_network(reader, needs)
    host, port = _server_address(reader)
    public_url = reader.url(
        reader.place("PUBLIC_URL"), reader.text("PUBLIC_URL", f"http://{host}:{port}"), ("http", "https")
    )
    settings = Settings(
        mode=mode,
        host=host,
        port=port,
        public_url=public_url.rstrip("/"),
        database_url=_required_url(reader, Need.DATABASE, needs, ("postgresql", "postgres")),
        database_connections=reader.number("DATABASE_CONNECTIONS", 20, 1, 1000),
        database_wait_seconds=reader.number("DATABASE_WAIT_SECONDS", 60, 0, 3600),
        redis_url=_required_url(reader, Need.REDIS, needs, ("redis", "rediss", "unix")),
        jwt_secret=_jwt_secret(reader, needs),
        jwt_secret_previous=_jwt_secret_previous(reader, needs),
        metrics_token=reader.secret("METRICS_TOKEN"),
        signers=signers,
        network=network,
        nodes=nodes,
        auction_window_ms=reader.number("AUCTION_WINDOW_MS", 1500, 100, 60_000),
        denied=_addresses(reader, "DENIED_ADDRESSES"),
        admin_addresses=_addresses(reader, "ADMIN_ADDRESSES"),
        rate_limit_rpm=reader.number("RATE_LIMIT_RPM", 100, 0, 1_000_000),
        rate_limit_burst=reader.number("RATE_LIMIT_BURST", 20, 1, 1_000_000),
        rate_limit_rpm_solver=reader.number("RATE_LIMIT_RPM_SOLVER", 3000, 1, 1_000_000),
        trusted_proxies=_networks(reader, "TRUSTED_PROXIES"),
        cors_origins=_origins(reader, "CORS_ORIGINS"),
        api_url=reader.url(reader.place("API_URL"), reader.text("API_URL", f"http://{host}:{port}"), ("http", "https")),
        metrics_port=reader.number("METRICS_PORT", 0, 0, 65_535),
        fee_bps=reader.number("SOLVER_FEE_BPS", 2, 0, 10_000),
        solver_name=reader.text("SOLVER_NAME", "Orbital reference solver"),
        solver_contact=reader.text("SOLVER_CONTACT"),
        log_level=_log_level(reader),
    )
    reader.refuse_unknown()
    if reader.faults:
        raise ConfigError(reader.faults)
    return settings


def _read_file(environment: Mapping[str, str]) -> tuple[Mapping[str, Any], list[str]]:
    chosen = environment.get("ORBITAL_CONFIG")
    path = pathlib.Path(chosen or "orbital.toml")
    if chosen is None and not path.exists():
        return {}, []
    try:
        return tomllib.loads(path.read_text("utf-8")), []
    except OSError as error:
        return {}, [f"{path} can't be read: {error.strerror}"]
    except UnicodeDecodeError:
        return {}, [f"{path} can't be read: it is not UTF-8 text"]
    except ValueError as error:
        return {}, [f"{path} can't be read: {error}"]


def _mode_of(environment: Mapping[str, str]) -> tuple[Mode, list[str]]:
    text = environment.get("ORBITAL_ENV", "prod")
    if text in set(Mode):
        return Mode(text), []
    return Mode.PROD, ["ORBITAL_ENV must be prod or dev"]


def _signers(reader: Reader, needs: frozenset[Need]) -> dict[Need, keys.Signer]:
    wanted = (Need.AUCTIONEER, Need.SOLVER, Need.RELAYER, Need.VALIDATOR)
    found: dict[Need, keys.Signer] = {}
    for need in wanted:
        if need not in needs:
            continue
        secret = reader.secret(need)
        if secret is None:
            reader.faults.append(f"{need} (or {need}_FILE) is not set")
        elif reader.mode is not Mode.DEV and accounts.is_public_key(secret):
            reader.faults.append(f"{need} is a public development key; it is refused outside ORBITAL_ENV=dev")
        else:
            try:
                found[need] = keys.parse_signer(secret)
            except errors.OrbitalError:
                reader.faults.append(f"{need} is not a private key (32 bytes in hex)")
    return found


def _required_url(reader: Reader, need: Need, needs: frozenset[Need], schemes: tuple[str, ...]) -> str:
    text = reader.secret(need) or ""
    if need in needs and not text:
        reader.faults.append(f"{need} (or {need}_FILE) is not set")
    return reader.url(need, text, schemes)


def _jwt_secret(reader: Reader, needs: frozenset[Need]) -> str:
    secret = reader.secret(Need.JWT)
    if Need.JWT not in needs:
        return ""
    if secret is None and reader.mode is Mode.DEV:
        return secrets.token_urlsafe(48)
    if secret is None:
        reader.faults.append("JWT_SECRET (or JWT_SECRET_FILE) is not set")
        return ""
    _require_strength(reader, Need.JWT, secret)
    return secret


def _jwt_secret_previous(reader: Reader, needs: frozenset[Need]) -> str | None:
    """What JWT_SECRET was before it was replaced; empty is as not set."""
    secret = reader.secret(_PREVIOUS) or None
    if secret is None or Need.JWT not in needs:
        return None
    _require_strength(reader, _PREVIOUS, secret)
    return secret


def _require_strength(reader: Reader, name: str, secret: str) -> None:
    if len(secret.encode()) < JWT_SECRET_BYTES_MIN or len(set(secret)) < JWT_SECRET_SYMBOLS_MIN:
        reader.faults.append(f"{name} must have at least {JWT_SECRET_BYTES_MIN} bytes and must not be guessable")


def _server_address(reader: Reader) -> tuple[str, int]:
    text = reader.text("SERVER_ADDRESS", "127.0.0.1:8080")
    host, _, port = text.rpartition(":")
    is_bare_v6 = ":" in host and not (host.startswith("[") and host.endswith("]"))
    if not host or is_bare_v6 or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        reader.faults.append(f"{reader.place('SERVER_ADDRESS')} must be host:port (an IPv6 address in brackets)")
        return "127.0.0.1", 8080
    return host, int(port)


def _addresses(reader: Reader, name: str) -> frozenset[Address]:
    return frozenset(
        reader.address(reader.place(name), one.strip()) for one in reader.text(name).split(",") if one.strip()
    )


def _networks(reader: Reader, name: str) -> tuple[IpNetwork, ...]:
    """Addresses and networks, comma-separated; every bit of a network's host part must be zero."""
    found = []
    for one in reader.text(name).split(","):
        if not one.strip():
            continue
        try:
            found.append(ipaddress.ip_network(one.strip()))
        except ValueError:
            reader.faults.append(f"{reader.place(name)} must be addresses or networks (10.0.0.0/8), comma-separated")
    return tuple(found)


def _origins(reader: Reader, name: str) -> frozenset[str]:
    """Origins as browsers write them, comma-separated; `*`, which is everybody's, in dev mode only."""
    found = frozenset(one.strip() for one in reader.text(name).split(",") if one.strip())
    for one in sorted(found):
        if one == "*":
            if reader.mode is not Mode.DEV:
                reader.faults.append(
                    f"{reader.place(name)} must name its origins; * is refused outside ORBITAL_ENV=dev"
                )
        elif _ORIGIN.fullmatch(one) is None:
            reader.faults.append(f"{reader.place(name)} must be origins (https://app.example, in lower case, no path)")
    return found


def _log_level(reader: Reader) -> str:
    level = reader.text("LOG_LEVEL", "info").lower()
    if level not in {"debug", "info", "warning", "error"}:
        reader.faults.append(f"{reader.place('LOG_LEVEL')} must be debug, info, warning or error")
        return "info"
    return level
