"""What an operator sees of the settings: printed without their secrets, or held against nodes, contracts and keys."""

import asyncio
import os
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from orbital.app import output, process
from orbital.chain import hexes, mailbox, transport
from orbital.chain.rpc import Rpc
from orbital.config.tree import Need, Node, Settings
from orbital.domain.errors import Corrupt, OrbitalError, Rejected
from orbital.domain.network import Chain, Network
from orbital.domain.types import ZERO_ADDRESS, Address
from orbital.indexer import match

LOGS_BLOCKS: Final = 100
"""How many of the newest blocks a node is asked for the settler's logs of."""

_MASK: Final = "********"
_NOT_SET: Final = "(not set)"
_SECRETS: Final = (Need.JWT, Need.AUCTIONEER, Need.SOLVER, Need.RELAYER, Need.VALIDATOR)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and what came of it, in words; a fault's start with its code."""

    what: str
    said: str
    is_good: bool = True


def show() -> int:
    """Print the effective settings, secrets masked."""
    return process.do(frozenset(), _show)


def check() -> int:
    """Ask nodes who they are and what is at the contracts' addresses, and read each key that is set.

    1 when something is not what the settings say.
    """
    return process.do(_given(os.environ) | {Need.NETWORK}, _check)


async def _show(settings: Settings) -> int:
    lines = _list_settings(settings)
    for chain in settings.network.chains.values():
        lines += _list_chain(chain, settings.nodes[chain.chain_id])
    output.write("\n".join(lines) + "\n")
    return 0


def _list_settings(settings: Settings) -> list[str]:
    network, given = settings.network, _given(os.environ)
    return [
        f"ORBITAL_ENV = {settings.mode}",
        f"SERVER_ADDRESS = {settings.host}:{settings.port}",
        f"PUBLIC_URL = {settings.public_url}",
        f"DATABASE_URL = {_mask(settings.database_url)}",
        f"DATABASE_CONNECTIONS = {settings.database_connections}",
        f"DATABASE_WAIT_SECONDS = {settings.database_wait_seconds}",
        f"REDIS_URL = {_mask(settings.redis_url)}",
        f"METRICS_TOKEN = {_mask(settings.metrics_token)}",
        *(f"{need} = {_MASK if need in given else _NOT_SET}" for need in _SECRETS),
        f"AUCTION_WINDOW_MS = {settings.auction_window_ms}",
        f"MIN_BOND_WEI = {network.min_bond_wei}",
        f"REFUND_DELAY_SECONDS = {network.refund_delay_seconds}",
        f"AUCTIONEER_ADDRESS = {_write(network.auctioneer)}",
        f"REGISTRY_CONTRACT_ADDRESS = {_write(network.registry)}",
        f"REGISTRY_CHAIN_ID = {network.registry_chain_id or _NOT_SET}",
        f"API_URL = {settings.api_url}",
        f"SOLVER_FEE_BPS = {settings.fee_bps}",
        f"SOLVER_NAME = {settings.solver_name}",
        f"SOLVER_CONTACT = {settings.solver_contact or _NOT_SET}",
        f"METRICS_PORT = {settings.metrics_port or _NOT_SET}",
        f"ADMIN_ADDRESSES = {', '.join(sorted(map(hexes.to_checksum, settings.admin_addresses))) or _NOT_SET}",
        f"DENIED_ADDRESSES = {f'{len(settings.denied)} of them' if settings.denied else _NOT_SET}",
        f"RATE_LIMIT_RPM = {settings.rate_limit_rpm}",
        f"RATE_LIMIT_BURST = {settings.rate_limit_burst}",
        f"RATE_LIMIT_RPM_SOLVER = {settings.rate_limit_rpm_solver}",
        f"TRUSTED_PROXIES = {', '.join(map(str, settings.trusted_proxies)) or _NOT_SET}",
        f"CORS_ORIGINS = {', '.join(sorted(settings.cors_origins)) or _NOT_SET}",
        f"LOG_LEVEL = {settings.log_level}",
    ]


def _list_chain(chain: Chain, node: Node) -> list[str]:
    """A chain as it is followed. Of a URL only host and port: the rest may be a secret."""
    is_deep = chain.confirmations is not None
    lines = [
        f"chain {chain.chain_id} ({chain.name})",
        f"  nodes = {_places(node.urls)}",
        f"  heads announced by = {_places(node.ws_urls) or 'nobody: nodes are asked'}",
        f"  calls_per_second = {node.calls_per_second or 'no limit'}",
        f"  start_block = {chain.start_block}",
        f"  final = {f'after {chain.confirmations} confirmations' if is_deep else 'by the tags of the chain'}",
        f"  fill_after = {chain.fill_after}",
        f"  domain = {chain.domain}",
    ]
    lines += [f"  {name} = {_write(address)}" for name, address in _contracts_of(chain)]
    lines += [f"  one {one.symbol} = {one.usd} USD" for one in chain.tokens if one.usd is not None]
    for one in chain.foreign:
        end = "" if one.last_block is None else f" to {one.last_block}"
        version = f" {one.version}" if one.version else ""
        lines.append(f"  {one.protocol}{version} = {_write(one.address)} from block {one.first_block}{end}")
    return lines


async def _check(settings: Settings) -> int:
    found = _check_keys(settings)
    for one in await asyncio.gather(
        *(
            _check_chain(settings.network, chain, settings.nodes[chain_id])
            for chain_id, chain in settings.network.chains.items()
        )
    ):
        found += one
    output.write("".join(f"{one.what}: {one.said}\n" for one in found))
    return 0 if all(one.is_good for one in found) else process.EXIT_FAILED


def _check_keys(settings: Settings) -> list[Finding]:
    """Those that are set: that each is one was seen when it was read."""
    ours = settings.network.auctioneer
    found = []
    for need, signer in settings.signers.items():
        if need is Need.AUCTIONEER and signer.address != ours:
            said = f"wrong_auctioneer_key: It signs as {_write(signer.address)}, the auctioneer is {_write(ours)}."
            found.append(Finding(need, said, is_good=False))
        else:
            found.append(Finding(need, f"ok, signs as {_write(signer.address)}"))
    return found


async def _check_chain(network: Network, chain: Chain, node: Node) -> list[Finding]:
    """Its nodes by host and port, where heads are announced, and its contracts as its first node has them."""
    name = f"chain {chain.chain_id}"
    nodes = [_look(f"{name} node {_places([url])}", _check_node(chain, url)) for url in node.urls]
    streams = [_look(f"{name} heads {_places([url])}", _check_stream(chain, url)) for url in node.ws_urls]
    contracts = list(_contracts_of(chain))
    if chain.chain_id == network.registry_chain_id:
        contracts.append(("registry", network.registry))
    contracts += [(str(one.protocol), one.address) for one in chain.foreign]
    async with Rpc(node.urls, chain.chain_id) as rpc:
        code = [_look(f"{name} {what} {_write(at)}", _check_contract(chain, rpc, at)) for what, at in contracts]
        found = await asyncio.gather(*nodes, *streams, *code)
    try:
        match.sources_of(network, chain.chain_id)
    except Rejected as error:
        found.append(Finding(f"{name} contracts", f"{error.code}: {error.detail}", is_good=False))
    return found


async def _look(what: str, look: Awaitable[str]) -> Finding:
    try:
        return Finding(what, f"ok, {await look}")
    except OrbitalError as error:
        return Finding(what, f"{error.code}: {error.detail}", is_good=False)


async def _check_node(chain: Chain, url: str) -> str:
    async with Rpc([url], chain.chain_id) as rpc:
        heads = await rpc.heads()
        latest = heads.latest.number
        await rpc.logs(max(0, latest - LOGS_BLOCKS + 1), latest, addresses=[chain.settler])
    if chain.start_block > latest:
        raise Rejected("start_block_ahead", f"start_block is {chain.start_block}, the node's latest block {latest}.")
    safe = heads.safe.number if heads.safe else None
    finalized = heads.finalized.number if heads.finalized else None
    return f"latest {latest}, safe {safe}, finalized {finalized}, logs of {LOGS_BLOCKS} blocks"


async def _check_stream(chain: Chain, url: str) -> str:
    await transport.check(url, chain.chain_id)
    return "announces heads"


async def _check_contract(chain: Chain, rpc: Rpc, address: Address) -> str:
    code = await rpc.code(address)
    if not code:
        raise Rejected("no_contract", "There is no code at this address.")
    if address != chain.mailbox:
        return f"{len(code)} bytes of code"
    said = await mailbox.fetch_local_domain(rpc, address)
    if said != chain.domain:
        raise Corrupt("wrong_domain", f"The mailbox's domain is {said}, not {chain.domain}.")
    return f"{len(code)} bytes of code, domain {said}"


def _contracts_of(chain: Chain) -> list[tuple[str, Address]]:
    """What speaks for us there, by name, and what is paid with."""
    contracts = [("settler", chain.settler), ("mailbox", chain.mailbox)]
    contracts += [("pool", one) for one in chain.pools]
    return contracts + [(f"token {one.symbol}", one.address) for one in chain.tokens]


def _given(environment: Mapping[str, str]) -> frozenset[Need]:
    """What is set, so that it is read and judged."""
    return frozenset(need for need in Need if environment.get(need) or environment.get(f"{need}_FILE"))


def _places(urls: Iterable[str]) -> str:
    return ", ".join(map(transport.place_of, urls))


def _mask(value: str | None) -> str:
    return _MASK if value else _NOT_SET


def _write(address: Address) -> str:
    return _NOT_SET if address == ZERO_ADDRESS else hexes.to_checksum(address)
