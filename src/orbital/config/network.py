"""The network of `orbital.toml`: chains, contracts and tokens, with what the environment says of them.

A chain that the file lists is served or is a fault: none is left out because its node is missing, its key misspelt or
its number taken, since what quietly isn't there is found out last. Chains out of the box are off until they get a node.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from orbital.chain.adapters import known
from orbital.config.reader import Reader
from orbital.config.tree import Need, Node
from orbital.domain.network import USD_DIGITS, USD_MICRO, Chain, ForeignContract, Network, Token
from orbital.domain.types import Address, Amount, BlockNumber, ChainId, Protocol

KNOWN_CHAINS: Final[Mapping[str, Mapping[str, int]]] = {
    "ethereum": {"chain_id": 1, "domain": 1},
    "optimism": {"chain_id": 10, "domain": 10},
    "base": {"chain_id": 8453, "domain": 8453},
    "arbitrum": {"chain_id": 42161, "domain": 42161},
    "holesky": {"chain_id": 17000, "domain": 17000},
}
"""Chains out of the box: `<NAME>_RPC_URL` switches one on. Domains are the public Hyperlane mailboxes' own."""

WEI_PER_COIN: Final = 10**18
CONFIRMATIONS_MAX: Final = 9999
CALLS_PER_SECOND_MIN: Final = 3
"""One look at a chain's heads is as many calls: latest, safe, finalized. With fewer no chain is followed."""


class _TokenSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    symbol: str
    address: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=36)]
    name: str = ""
    asset: str = ""
    usd: Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,8})(\.[0-9]{1,6})?\Z")] | None = None


class _ForeignSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    protocol: Annotated[str, msgspec.Meta(min_length=1)]
    address: str
    first_block: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    last_block: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] | None = None
    version: Annotated[str, msgspec.Meta(min_length=1)] | None = None


class _ChainSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    chain_id: Annotated[int, msgspec.Meta(gt=0, lt=2**53)]
    domain: Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
    title: str = ""
    rpc_urls: tuple[str, ...] = ()
    ws_urls: tuple[str, ...] = ()
    settler: str = ""
    mailbox: str = ""
    pools: tuple[str, ...] = ()
    start_block: Annotated[int, msgspec.Meta(ge=0)] = 0
    fill_after: Any = "finalized"
    fill_window_seconds: Annotated[int, msgspec.Meta(gt=0)] = 1800
    confirmations: Annotated[int, msgspec.Meta(gt=0, le=CONFIRMATIONS_MAX)] | None = None
    calls_per_second: Annotated[float, msgspec.Meta(ge=CALLS_PER_SECOND_MIN)] | None = None
    tokens: tuple[_TokenSection, ...] = ()
    foreign: tuple[_ForeignSection, ...] = ()


class _RegistrySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    chain_id: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0
    address: str = ""


class _File(msgspec.Struct, frozen=True):
    """`orbital.toml`; settings that are also variables stand at its top in lower case, read by name."""

    chains: dict[str, dict[str, Any]] = {}
    registry: _RegistrySection = _RegistrySection()
    auctioneer: str = ""


def read_network(reader: Reader, needs: frozenset[Need]) -> tuple[dict[ChainId, Node], Network]:
    """Every chain that has a node, and the network that they make up."""
    reader.known.update(_File.__struct_fields__)
    file = reader.typed("orbital.toml", reader.plain, _File) or _File()
    is_needed = Need.NETWORK in needs
    nodes, chains = _read_chains(reader, file, is_needed=is_needed)
    if is_needed and not chains and not file.chains:
        reader.faults.append("no chain is configured: add [chains.<name>] to orbital.toml and <NAME>_RPC_URL")
    registry_chain = reader.number("REGISTRY_CHAIN_ID", file.registry.chain_id, 0, 2**53)
    if is_needed and chains and registry_chain not in chains:
        reader.faults.append("REGISTRY_CHAIN_ID (or chain_id in [registry]) must be a configured chain")
    return nodes, Network(
        chains=chains,
        registry_chain_id=ChainId(registry_chain),
        registry=_contract(
            reader, "[registry] address", file.registry.address, "REGISTRY_CONTRACT_ADDRESS", is_needed=is_needed
        ),
        auctioneer=_contract(reader, "auctioneer", file.auctioneer, "AUCTIONEER_ADDRESS", is_needed=is_needed),
        refund_delay_seconds=reader.number("REFUND_DELAY_SECONDS", 48 * 3600, 0, 2**31),
        min_bond_wei=Amount(reader.number("MIN_BOND_WEI", WEI_PER_COIN, 0, 2**256 - 1)),
    )


def _read_chains(reader: Reader, file: _File, *, is_needed: bool) -> tuple[dict[ChainId, Node], dict[ChainId, Chain]]:
    """Chains out of the box that have a node, and all of the file; where none is needed, those of it with a node."""
    nodes: dict[ChainId, Node] = {}
    chains: dict[ChainId, Chain] = {}
    places: dict[str, str] = {}
    for name in {**KNOWN_CHAINS, **file.chains}:
        prefix = "".join(letter if letter.isalnum() else "_" for letter in name).upper()
        has_variable = bool(_split(reader.environment.get(f"{prefix}_RPC_URL", "")))
        if name not in file.chains and not has_variable:
            continue
        given = file.chains.get(name, {})
        where = f"[chains.{name}]"
        _take_alone(reader, places, where, f"{prefix}_RPC_URL is the variable of")
        has_node = has_variable or bool(given.get("rpc_urls"))
        if is_needed and not has_node:
            reader.faults.append(f"{where} has no node: give it rpc_urls or set {prefix}_RPC_URL")
        section = reader.typed(where, {**KNOWN_CHAINS.get(name, {}), **given}, _ChainSection)
        if section is None:
            continue
        chain_id = ChainId(section.chain_id)
        _take_alone(reader, places, where, f"chain_id {chain_id} stands in")
        _take_alone(reader, places, where, f"domain {section.domain} stands in")
        if has_node:
            nodes[chain_id] = _node(reader, where, prefix, section)
            chains[chain_id] = _chain(reader, name, where, section)
    return nodes, chains


def _take_alone(reader: Reader, places: dict[str, str], where: str, what: str) -> None:
    """Note what only one section may have; a fault when another has it."""
    if what in places:
        reader.faults.append(f"{what} two sections: {places[what]} and {where}")
    places[what] = where


def _node(reader: Reader, where: str, prefix: str, section: _ChainSection) -> Node:
    urls = _urls(reader, f"{where} rpc_urls", section.rpc_urls, f"{prefix}_RPC_URL", ("http", "https"))
    ws_urls = _urls(reader, f"{where} ws_urls", section.ws_urls, f"{prefix}_WS_URL", ("ws", "wss"))
    return Node(urls, ws_urls, section.calls_per_second)


def _urls(
    reader: Reader, where: str, given: tuple[str, ...], variable: str, schemes: tuple[str, ...]
) -> tuple[str, ...]:
    """Those of the variable, comma-separated, or else of the file; each once, since each has a voice of its own."""
    chosen = _split(reader.environment.get(variable, ""))
    place = variable if chosen else f"{where} (or {variable})"
    urls = chosen or tuple(url.strip() for url in given)
    spelt = [url.rstrip("/") for url in urls]
    for index, url in enumerate(urls):
        first = spelt.index(spelt[index])
        if not url:
            reader.faults.append(f"{place}: URL {index + 1} is empty")
        elif first < index:
            reader.faults.append(f"{place}: URL {index + 1} repeats URL {first + 1}")
        else:
            reader.url(f"{place}: URL {index + 1}", url, schemes)
    return urls


def _split(text: str) -> tuple[str, ...]:
    return tuple(one for url in text.split(",") if (one := url.strip()))


def _fill_after(reader: Reader, where: str, given: Any) -> str:
    """A tag of the chain, or a number of confirmations in digits; to wait for none is to go by the latest block."""
    if given in ("latest", "safe", "finalized"):
        return str(given)
    text = str(given) if isinstance(given, (int, str)) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(CONFIRMATIONS_MAX))):
        reader.faults.append(
            f"{where} fill_after must be latest, safe, finalized or a number up to {CONFIRMATIONS_MAX}"
        )
        return "finalized"
    return str(int(text)) if int(text) else "latest"


def _chain(reader: Reader, name: str, where: str, section: _ChainSection) -> Chain:
    chain_id = ChainId(section.chain_id)
    return Chain(
        chain_id=chain_id,
        name=section.title or name,
        domain=section.domain,
        settler=_contract(reader, f"{where} settler", section.settler, "INTENTS_CONTRACT_ADDRESS"),
        mailbox=_contract(reader, f"{where} mailbox", section.mailbox, "MAILBOX_CONTRACT_ADDRESS"),
        start_block=BlockNumber(section.start_block),
        fill_after=_fill_after(reader, where, section.fill_after),
        fill_window_seconds=section.fill_window_seconds,
        confirmations=section.confirmations,
        tokens=tuple(
            Token(
                chain_id=chain_id,
                address=reader.address(f"{where} token {one.symbol}", one.address),
                symbol=one.symbol,
                name=one.name or one.symbol,
                decimals=one.decimals,
                asset=one.asset or one.symbol.lower(),
                usd_micro=None if one.usd is None else _micro(one.usd),
            )
            for one in section.tokens
        ),
        pools=tuple(reader.address(f"{where} pools", one) for one in section.pools),
        foreign=tuple(_foreign(reader, f"{where} foreign", one) for one in section.foreign),
    )


def _micro(usd: str) -> int:
    whole, _, part = usd.partition(".")
    return int(whole) * USD_MICRO + int(part.ljust(USD_DIGITS, "0"))


def _foreign(reader: Reader, where: str, section: _ForeignSection) -> ForeignContract:
    """A contract of a protocol that is watched; a protocol or version without an adapter is a fault."""
    adapters = {(one.protocol.value, one.version) for one in known.ADAPTERS if not one.is_ours}
    versions = sorted(version for protocol, version in adapters if protocol == section.protocol)
    if not versions:
        reader.faults.append(f"{where}: protocol must be one of {', '.join(sorted({name for name, _ in adapters}))}")
    elif section.version is not None and section.version not in versions:
        reader.faults.append(f"{where}: version of {section.protocol} must be one of {', '.join(versions)}")
    if section.last_block is not None and section.last_block < section.first_block:
        reader.faults.append(f"{where}: last_block must not be below first_block")
    return ForeignContract(
        protocol=Protocol(section.protocol) if versions else Protocol.ORBITAL,
        address=reader.address(f"{where} address", section.address),
        first_block=BlockNumber(section.first_block),
        last_block=None if section.last_block is None else BlockNumber(section.last_block),
        version=section.version,
    )


def _contract(reader: Reader, where: str, given: str, variable: str, *, is_needed: bool = True) -> Address:
    """An address of the file, or of the variable that serves all chains."""
    text = given or reader.environment.get(variable, "")
    if not text:
        if is_needed:
            reader.faults.append(f"{where} (or {variable}) is not set")
        return Address(bytes(20))
    return reader.address(f"{where} (or {variable})", text)
