"""The settings of a process: read once, from the environment and `orbital.toml` (the environment wins).

Every fault is found and reported at once, in words that name the variable and never show a secret. A secret can also
stand in a file that `<NAME>_FILE` points to. What a process does not need is not required of it. Outside dev mode the
public keys of local chains and a guessable JWT secret are refused.
"""

import dataclasses
import pathlib
import secrets
import tomllib
import urllib.parse
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from orbital.chain import hexes, keys
from orbital.devnet import accounts
from orbital.domain import errors
from orbital.domain.network import Chain, Network, Token
from orbital.domain.types import Address, Amount, BlockNumber, ChainId

KNOWN_CHAINS: Final[Mapping[str, Mapping[str, int]]] = {
    "ethereum": {"chain_id": 1, "domain": 1},
    "optimism": {"chain_id": 10, "domain": 10},
    "base": {"chain_id": 8453, "domain": 8453},
    "arbitrum": {"chain_id": 42161, "domain": 42161},
    "holesky": {"chain_id": 17000, "domain": 17000},
}
"""Chains out of the box: `<NAME>_RPC_URL` switches one on. Domains are the public Hyperlane mailboxes' own."""

JWT_SECRET_BYTES_MIN: Final = 32
JWT_SECRET_SYMBOLS_MIN: Final = 10
WEI_PER_COIN: Final = 10**18


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
    """Where a chain is reached: HTTP URLs in order of preference, and a WebSocket URL if there is one."""

    urls: tuple[str, ...]
    ws_url: str | None


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """One process's settings. Secrets are hidden in `repr`; `signers` holds only the keys that were given."""

    mode: Mode
    host: str
    port: int
    public_url: str
    database_url: str = dataclasses.field(repr=False)
    redis_url: str = dataclasses.field(repr=False)
    jwt_secret: str = dataclasses.field(repr=False)
    metrics_token: str | None = dataclasses.field(repr=False)
    signers: Mapping[Need, keys.Signer]
    network: Network
    nodes: Mapping[ChainId, Node] = dataclasses.field(repr=False)
    auction_window_ms: int
    denied: frozenset[Address]
    api_url: str
    metrics_port: int
    fee_bps: int
    log_level: str


class _Reader:
    """Collects faults while values are read."""

    def __init__(self, environment: Mapping[str, str], file: Mapping[str, Any], mode: Mode) -> None:
        self.environment = environment
        self.file = file
        self.mode = mode
        self.faults: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        value = self.environment.get(name)
        if value is None:
            found = self.file.get(name.lower(), default)
            return str(found)
        return value

    def secret(self, name: str) -> str | None:
        """The variable, or the content of the file that NAME_FILE points to; None when neither is set."""
        path = self.environment.get(f"{name}_FILE")
        if path is None:
            return self.environment.get(name) or None
        try:
            return pathlib.Path(path).read_text("utf-8").strip()
        except OSError as error:
            self.faults.append(f"{name}_FILE can't be read: {error.strerror}")
            return None

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            self.faults.append(f"{name} must be a whole number from {low} to {high}")
            return default
        return int(text)

    def address(self, where: str, text: str) -> Address:
        try:
            return hexes.parse_address(text)
        except errors.OrbitalError:
            self.faults.append(f"{where} must be an address (0x and 40 hex digits, checksum right or lower case)")
            return Address(bytes(20))

    def url(self, name: str, text: str, schemes: tuple[str, ...]) -> str:
        if text and urllib.parse.urlsplit(text).scheme not in schemes:
            self.faults.append(f"{name} must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}")
        return text


def load(environment: Mapping[str, str], needs: frozenset[Need]) -> Settings:
    """Read the settings; raises ConfigError with every fault found.

    The file is `ORBITAL_CONFIG`, or `orbital.toml` in the working directory where it exists.
    """
    file, faults = _read_file(environment)
    mode, mode_faults = _mode_of(environment)
    reader = _Reader(environment, file, mode)
    reader.faults += faults + mode_faults
    signers = _signers(reader, needs)
    nodes, network = _network(reader, needs)
    host, port = _server_address(reader)
    public_url = reader.url("PUBLIC_URL", reader.text("PUBLIC_URL", f"http://{host}:{port}"), ("http", "https"))
    settings = Settings(
        mode=mode,
        host=host,
        port=port,
        public_url=public_url.rstrip("/"),
        database_url=_required_url(reader, Need.DATABASE, needs, ("postgresql", "postgres")),
        redis_url=_required_url(reader, Need.REDIS, needs, ("redis", "rediss", "unix")),
        jwt_secret=_jwt_secret(reader, needs),
        metrics_token=reader.secret("METRICS_TOKEN"),
        signers=signers,
        network=network,
        nodes=nodes,
        auction_window_ms=reader.number("AUCTION_WINDOW_MS", 1500, 100, 60_000),
        denied=_addresses(reader, "DENIED_ADDRESSES"),
        api_url=reader.url("API_URL", reader.text("API_URL", f"http://{host}:{port}"), ("http", "https")),
        metrics_port=reader.number("METRICS_PORT", 0, 0, 65_535),
        fee_bps=reader.number("SOLVER_FEE_BPS", 2, 0, 10_000),
        log_level=_log_level(reader),
    )
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
    except (OSError, ValueError) as error:
        return {}, [f"{path} can't be read: {error}"]


def _mode_of(environment: Mapping[str, str]) -> tuple[Mode, list[str]]:
    text = environment.get("ORBITAL_ENV", "prod")
    if text in set(Mode):
        return Mode(text), []
    return Mode.PROD, ["ORBITAL_ENV must be prod or dev"]


def _signers(reader: _Reader, needs: frozenset[Need]) -> dict[Need, keys.Signer]:
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


def _required_url(reader: _Reader, need: Need, needs: frozenset[Need], schemes: tuple[str, ...]) -> str:
    text = reader.secret(need) or ""
    if need in needs and not text:
        reader.faults.append(f"{need} (or {need}_FILE) is not set")
    return reader.url(need, text, schemes)


def _jwt_secret(reader: _Reader, needs: frozenset[Need]) -> str:
    secret = reader.secret(Need.JWT)
    if Need.JWT not in needs:
        return ""
    if secret is None and reader.mode is Mode.DEV:
        return secrets.token_urlsafe(48)
    if secret is None:
        reader.faults.append("JWT_SECRET (or JWT_SECRET_FILE) is not set")
        return ""
    if len(secret.encode()) < JWT_SECRET_BYTES_MIN or len(set(secret)) < JWT_SECRET_SYMBOLS_MIN:
        reader.faults.append(f"JWT_SECRET must have at least {JWT_SECRET_BYTES_MIN} bytes and must not be guessable")
    return secret


def _server_address(reader: _Reader) -> tuple[str, int]:
    text = reader.text("SERVER_ADDRESS", "127.0.0.1:8080")
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        reader.faults.append("SERVER_ADDRESS must be host:port")
        return "127.0.0.1", 8080
    return host, int(port)


def _addresses(reader: _Reader, name: str) -> frozenset[Address]:
    return frozenset(reader.address(name, one.strip()) for one in reader.text(name).split(",") if one.strip())


def _log_level(reader: _Reader) -> str:
    level = reader.text("LOG_LEVEL", "info").lower()
    if level not in {"debug", "info", "warning", "error"}:
        reader.faults.append("LOG_LEVEL must be debug, info, warning or error")
        return "info"
    return level


def _network(reader: _Reader, needs: frozenset[Need]) -> tuple[dict[ChainId, Node], Network]:
    nodes: dict[ChainId, Node] = {}
    chains: dict[ChainId, Chain] = {}
    sections = dict(reader.file.get("chains", {}))
    for name in {**KNOWN_CHAINS, **sections}:
        section = {**KNOWN_CHAINS.get(name, {}), **sections.get(name, {})}
        node = _node(reader, name, section)
        if node is not None:
            chain = _chain(reader, name, section)
            nodes[chain.chain_id], chains[chain.chain_id] = node, chain
    if Need.NETWORK in needs and not chains:
        reader.faults.append("no chain is configured: add [chains.<name>] to orbital.toml and <NAME>_RPC_URL")
    registry = reader.file.get("registry", {})
    is_needed = Need.NETWORK in needs
    return nodes, Network(
        chains=chains,
        registry_chain_id=ChainId(
            reader.number("REGISTRY_CHAIN_ID", _whole(reader, registry, "chain_id", "[registry]", 0), 0, 2**53)
        ),
        registry=_contract(reader, "REGISTRY_CONTRACT_ADDRESS", registry, "address", is_needed=is_needed),
        auctioneer=_contract(reader, "AUCTIONEER_ADDRESS", reader.file, "auctioneer", is_needed=is_needed),
        refund_delay_seconds=reader.number("REFUND_DELAY_SECONDS", 48 * 3600, 0, 2**31),
        min_bond_wei=Amount(reader.number("MIN_BOND_WEI", WEI_PER_COIN, 0, 2**256 - 1)),
    )


def _node(reader: _Reader, name: str, section: Mapping[str, Any]) -> Node | None:
    """The chain's node; None (the chain is off) when it has no URL anywhere."""
    prefix = "".join(letter if letter.isalnum() else "_" for letter in name).upper()
    given = reader.environment.get(f"{prefix}_RPC_URL")
    urls = given.split(",") if given else list(section.get("rpc_urls", []))
    for url in urls:
        reader.url(f"{prefix}_RPC_URL", url, ("http", "https"))
    ws_url = reader.environment.get(f"{prefix}_WS_URL") or section.get("ws_url")
    reader.url(f"{prefix}_WS_URL", ws_url or "", ("ws", "wss"))
    return Node(tuple(url.strip() for url in urls), ws_url) if urls else None


def _chain(reader: _Reader, name: str, section: Mapping[str, Any]) -> Chain:
    where = f"[chains.{name}]"
    chain_id = ChainId(_whole(reader, section, "chain_id", where, None))
    return Chain(
        chain_id=chain_id,
        name=str(section.get("title", name)),
        domain=_whole(reader, section, "domain", where, None),
        settler=_contract(reader, "INTENTS_CONTRACT_ADDRESS", section, "settler", where=where),
        mailbox=_contract(reader, "MAILBOX_CONTRACT_ADDRESS", section, "mailbox", where=where),
        start_block=BlockNumber(_whole(reader, section, "start_block", where, 0)),
        fill_after=str(section.get("fill_after", "finalized")),
        fill_window_seconds=_whole(reader, section, "fill_window_seconds", where, 1800),
        tokens=tuple(_token(reader, chain_id, where, one) for one in section.get("tokens", [])),
        pools=tuple(reader.address(f"{where} pools", one) for one in section.get("pools", [])),
    )


def _token(reader: _Reader, chain_id: ChainId, where: str, section: Mapping[str, Any]) -> Token:
    symbol = str(section.get("symbol", ""))
    return Token(
        chain_id=chain_id,
        address=reader.address(f"{where} token {symbol or '?'}", str(section.get("address", ""))),
        symbol=symbol,
        name=str(section.get("name", symbol)),
        decimals=_whole(reader, section, "decimals", f"{where} token {symbol or '?'}", None),
        asset=str(section.get("asset", symbol.lower())),
    )


def _whole(reader: _Reader, section: Mapping[str, Any], key: str, where: str, default: int | None) -> int:
    """A whole number of the file that is not negative; without a default it has to be there."""
    value = section.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        reader.faults.append(f"{where} {key} must be a whole number")
        return 0
    return value


def _contract(
    reader: _Reader,
    variable: str,
    section: Mapping[str, Any],
    key: str,
    *,
    where: str = "orbital.toml",
    is_needed: bool = True,
) -> Address:
    """An address of the file's section, or of the variable that serves all chains."""
    text = str(section.get(key) or reader.environment.get(variable, ""))
    if not text and not is_needed:
        return Address(bytes(20))
    return reader.address(f"{where} {key} (or {variable})", text)
