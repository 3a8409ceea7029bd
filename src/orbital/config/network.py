"""The network of `orbital.toml`: chains, contracts and tokens, with what the environment says of them."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from orbital.chain.adapters import known
from orbital.config.reader import Reader
from orbital.config.tree import Need, Node
from orbital.domain.network import Chain, ForeignContract, Network, Token
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


class _TokenSection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    symbol: str
    address: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=36)]
    name: str = ""
    asset: str = ""


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
    fill_after: Annotated[str, msgspec.Meta(pattern="^(latest|safe|finalized|[0-9]{1,4})$")] = "finalized"
    fill_window_seconds: Annotated[int, msgspec.Meta(gt=0)] = 1800
    confirmations: Annotated[int, msgspec.Meta(gt=0, lt=2**31)] | None = None
    calls_per_second: Annotated[float, msgspec.Meta(gt=0)] | None = None
    tokens: tuple[_TokenSection, ...] = ()
    foreign: tuple[_ForeignSection, ...] = ()


class _RegistrySection(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    chain_id: Annotated[int, msgspec.Meta(ge=0, lt=2**53)] = 0
    address: str = ""


class _File(msgspec.Struct, frozen=True):
    """`orbital.toml`; settings that are also variables stand at its top in lower case."""

    chains: dict[str, dict[str, Any]] = {}
    registry: _RegistrySection = _RegistrySection()
    auctioneer: str = ""


def read_network(reader: Reader, needs: frozenset[Need]) -> tuple[dict[ChainId, Node], Network]:
    """Every chain that has a node, and the network that they make up."""
    file = reader.typed("orbital.toml", reader.plain, _File) or _File()
    is_needed = Need.NETWORK in needs
    nodes: dict[ChainId, Node] = {}
    chains: dict[ChainId, Chain] = {}
    for name in {**KNOWN_CHAINS, **file.chains}:
        prefix = "".join(letter if letter.isalnum() else "_" for letter in name).upper()
        given = file.chains.get(name, {})
        if not given.get("rpc_urls") and f"{prefix}_RPC_URL" not in reader.environment:
            continue  # a chain without a node is off
        where = f"[chains.{name}]"
        section = reader.typed(where, {**KNOWN_CHAINS.get(name, {}), **given}, _ChainSection)
        if section is not None:
            chain_id = ChainId(section.chain_id)
            nodes[chain_id] = _node(reader, prefix, section)
            chains[chain_id] = _chain(reader, name, where, section)
    if is_needed and not chains:
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


def _node(reader: Reader, prefix: str, section: _ChainSection) -> Node:
    urls = _urls(reader, f"{prefix}_RPC_URL", section.rpc_urls, ("http", "https"))
    ws_urls = _urls(reader, f"{prefix}_WS_URL", section.ws_urls, ("ws", "wss"))
    return Node(urls, ws_urls, section.calls_per_second)


def _urls(reader: Reader, variable: str, given: tuple[str, ...], schemes: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the variable, comma-separated, or else of the file."""
    text = reader.environment.get(variable)
    urls = tuple(one for url in text.split(",") if (one := url.strip())) if text else given
    return tuple(reader.url(variable, url, schemes) for url in urls)


def _chain(reader: Reader, name: str, where: str, section: _ChainSection) -> Chain:
    chain_id = ChainId(section.chain_id)
    return Chain(
        chain_id=chain_id,
        name=section.title or name,
        domain=section.domain,
        settler=_contract(reader, f"{where} settler", section.settler, "INTENTS_CONTRACT_ADDRESS"),
        mailbox=_contract(reader, f"{where} mailbox", section.mailbox, "MAILBOX_CONTRACT_ADDRESS"),
        start_block=BlockNumber(section.start_block),
        fill_after=section.fill_after,
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
            )
            for one in section.tokens
        ),
        pools=tuple(reader.address(f"{where} pools", one) for one in section.pools),
        foreign=tuple(_foreign(reader, f"{where} foreign", one) for one in section.foreign),
    )


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
    if not text and not is_needed:
        return Address(bytes(20))
    return reader.address(f"{where} (or {variable})", text)
