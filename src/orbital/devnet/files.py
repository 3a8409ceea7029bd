"""The two files by which a running devnet is known: `orbital.toml` for its own children, `devnet.json` for others.

Both are replaced atomically. `devnet.json` exists only while everything is ready.
"""

import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.chain import hexes
from orbital.devnet import secret
from orbital.domain.network import Chain, Network
from orbital.domain.types import ChainId

DEVNET_FILE: Final = "devnet.json"
CONFIG_FILE: Final = "orbital.toml"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a chain is reached."""

    rpc_url: str
    ws_url: str | None


@dataclass(frozen=True, slots=True)
class Devnet:
    """Everything that `devnet.json` tells."""

    api_url: str
    database_url: str
    redis_url: str
    network: Network
    endpoints: Mapping[ChainId, Endpoint]
    processes: Mapping[str, int]
    metrics_urls: Mapping[str, str]


def write_devnet(data_dir: pathlib.Path, devnet: Devnet) -> None:
    """Tell others that everything is ready, and where."""
    secret.write_private(data_dir / DEVNET_FILE, json.dumps(_describe(devnet), indent=2) + "\n")


def with_processes(devnet: Devnet, processes: Mapping[str, int]) -> Devnet:
    """The same devnet after a child was started again."""
    return dataclasses.replace(devnet, processes=dict(processes))


def remove_devnet(data_dir: pathlib.Path) -> None:
    (data_dir / DEVNET_FILE).unlink(missing_ok=True)


def write_config(data_dir: pathlib.Path, network: Network, endpoints: Mapping[ChainId, Endpoint]) -> pathlib.Path:
    """Write the settings file that the devnet's services read; returns its path. It holds no secrets."""
    path = data_dir / CONFIG_FILE
    lines = [
        "# Written by `orbital up` for its own services.",
        f'auctioneer = "{hexes.to_checksum(network.auctioneer)}"',
        f"refund_delay_seconds = {network.refund_delay_seconds}",
        f'min_bond_wei = "{network.min_bond_wei}"',
        "",
        "[registry]",
        f"chain_id = {network.registry_chain_id}",
        f'address = "{hexes.to_checksum(network.registry)}"',
    ]
    for chain in network.chains.values():
        lines += _chain_lines(chain, endpoints[chain.chain_id])
    secret.write_private(path, "\n".join(lines) + "\n")
    return path


def _chain_lines(chain: Chain, endpoint: Endpoint) -> Sequence[str]:
    lines = [
        "",
        f"[chains.{chain.name}]",
        f"chain_id = {chain.chain_id}",
        f"domain = {chain.domain}",
        f'rpc_urls = ["{endpoint.rpc_url}"]',
        *([f'ws_urls = ["{endpoint.ws_url}"]'] if endpoint.ws_url else []),
        f'settler = "{hexes.to_checksum(chain.settler)}"',
        f'mailbox = "{hexes.to_checksum(chain.mailbox)}"',
        f"pools = {json.dumps([hexes.to_checksum(pool) for pool in chain.pools])}",
        f"start_block = {chain.start_block}",
        f'fill_after = "{chain.fill_after}"',
        f"fill_window_seconds = {chain.fill_window_seconds}",
    ]
    for token in chain.tokens:
        lines += [
            "",
            f"[[chains.{chain.name}.tokens]]",
            f'symbol = "{token.symbol}"',
            f'name = "{token.name}"',
            f'address = "{hexes.to_checksum(token.address)}"',
            f"decimals = {token.decimals}",
            f'asset = "{token.asset}"',
            *([] if token.usd is None else [f'usd = "{token.usd}"']),
        ]
    return lines


def _describe(devnet: Devnet) -> dict[str, Any]:
    network = devnet.network
    return {
        "api_url": devnet.api_url,
        "database_url": devnet.database_url,
        "redis_url": devnet.redis_url,
        "auctioneer": hexes.to_checksum(network.auctioneer),
        "registry": {"chain_id": network.registry_chain_id, "address": hexes.to_checksum(network.registry)},
        "chains": [_describe_chain(chain, devnet.endpoints[chain.chain_id]) for chain in network.chains.values()],
        "processes": dict(devnet.processes),
        "metrics_urls": dict(devnet.metrics_urls),
    }


def _describe_chain(chain: Chain, endpoint: Endpoint) -> dict[str, Any]:
    return {
        "chain_id": chain.chain_id,
        "domain": chain.domain,
        "rpc_url": endpoint.rpc_url,
        "ws_url": endpoint.ws_url,
        "settler": hexes.to_checksum(chain.settler),
        "mailbox": hexes.to_checksum(chain.mailbox),
        "pools": [hexes.to_checksum(pool) for pool in chain.pools],
        "tokens": {token.symbol: hexes.to_checksum(token.address) for token in chain.tokens},
    }
