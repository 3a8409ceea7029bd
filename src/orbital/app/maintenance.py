"""What an operator does by hand: migrate, rebuild, compare, rewind, look at the settings."""

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from typing import Any, Final

from orbital.app import process, wiring
from orbital.chain import hexes
from orbital.chain.rpc import Rpc
from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.domain.errors import OrbitalError
from orbital.domain.network import Chain
from orbital.domain.types import ZERO_ADDRESS, Address, BlockNumber, ChainId
from orbital.indexer import reindex as raw_cache
from orbital.storage import digest as fingerprints
from orbital.storage import migrate as migrations
from orbital.storage import pool
from orbital.storage import rebuild as projections
from orbital.storage import rewind as history
from orbital.storage.settings import StorageSettings

_LONG_SECONDS: Final = 3600.0  # for a statement over whole tables
_MASK: Final = "********"
_NOT_SET: Final = "(not set)"


def migrate() -> int:
    """Apply what is missing and say what it was."""
    return _run(frozenset({Need.DATABASE}), _migrate)


def rebuild() -> int:
    """Fold everything anew and say how much it was."""
    return _run(frozenset({Need.DATABASE, Need.NETWORK}), _rebuild)


def digest(*, as_json: bool) -> int:
    """Print the fingerprints of everything that counts, as of one moment."""
    return _run(frozenset({Need.DATABASE}), lambda settings: _digest(settings, as_json=as_json))


def rewind(chain: int, to: int | None) -> int:
    """Take a chain back to a block, or before its first one, and say what fell."""
    block = None if to is None else BlockNumber(to)
    return _run(frozenset({Need.DATABASE, Need.NETWORK}), lambda settings: _rewind(settings, ChainId(chain), block))


def reindex(chain: int, source_url: str) -> int:
    """Index a chain from what another database kept, and say how fast."""
    return _run(
        frozenset({Need.DATABASE, Need.NETWORK}), lambda settings: _reindex(settings, ChainId(chain), source_url)
    )


def show_config() -> int:
    """Print the effective settings, secrets masked."""
    return _run(frozenset(), _show)


def check_config() -> int:
    """Ask each chain's nodes who they are; 1 when one of them is not what the settings say."""
    return _run(frozenset({Need.NETWORK}), _check)


def _run(needs: frozenset[Need], job: Any) -> int:
    try:
        settings = loading.load(os.environ, needs)
    except ConfigError as error:
        return process.report_config(error)
    work: Coroutine[Any, Any, int] = job(settings)
    try:
        return asyncio.run(work)
    except OrbitalError as error:
        sys.stderr.write(f"{error.code}: {error.detail}\n")
        return process.EXIT_FAILED


async def _migrate(settings: Settings) -> int:
    applied = await migrations.migrate(StorageSettings(settings.database_url))
    for one in applied:
        sys.stdout.write(f"applied {one.version:04} {one.name.replace('_', ' ')}\n")
    sys.stdout.write(f"the schema is at version {migrations.load_migrations()[-1].version}\n")
    return 0


async def _rebuild(settings: Settings) -> int:
    async with wiring.open_database(settings) as database:
        count = await projections.rebuild(database, settings.network.rules)
    sys.stdout.write(f"folded {count} intents anew\n")
    return 0


async def _digest(settings: Settings, *, as_json: bool) -> int:
    async with (
        wiring.open_database(settings, statement_seconds=_LONG_SECONDS) as database,
        pool.snapshot(database) as connection,
    ):
        found = await fingerprints.digest(connection)
    if as_json:
        parts = {name: {"rows": part.rows, "sha256": part.sha256} for name, part in found.parts.items()}
        sys.stdout.write(json.dumps({"parts": parts, "total": found.total}) + "\n")
        return 0
    for name, part in found.parts.items():
        sys.stdout.write(f"{name:<11} {part.rows:>12} {part.sha256}\n")
    sys.stdout.write(f"{'total':<24} {found.total}\n")
    return 0


async def _rewind(settings: Settings, chain_id: ChainId, to: BlockNumber | None) -> int:
    async with wiring.open_database(settings, statement_seconds=_LONG_SECONDS) as database:
        done = await history.rewind(database, chain_id, to, settings.network.rules)
    where = "before its first block" if done.end is None else f"to block {done.end}"
    sys.stdout.write(
        f"chain {chain_id} went back from block {done.start} {where}: {done.facts} facts do not count any more\n"
        "its indexer follows the node's history from there, and announces what it finds\n"
    )
    return 0


async def _reindex(settings: Settings, chain_id: ChainId, source_url: str) -> int:
    source = await pool.create_pool(StorageSettings(source_url, pool_max=2))
    try:
        async with wiring.open_database(settings, statement_seconds=_LONG_SECONDS) as target:
            done = await raw_cache.reindex(source, target, settings.network, chain_id)
    finally:
        await source.close()
    rate = done.logs / done.seconds if done.seconds else 0.0
    sys.stdout.write(
        f"chain {chain_id}: indexed {done.blocks} blocks with {done.logs} logs in {done.seconds:.1f} s"
        f" ({rate:.0f} logs/s); the checkpoint is {done.last}\n"
    )
    return 0


async def _show(settings: Settings) -> int:
    def mask(value: str | None) -> str:
        return _MASK if value else _NOT_SET

    network = settings.network
    lines = [
        f"ORBITAL_ENV = {settings.mode}",
        f"SERVER_ADDRESS = {settings.host}:{settings.port}",
        f"PUBLIC_URL = {settings.public_url}",
        f"DATABASE_URL = {mask(settings.database_url)}",
        f"REDIS_URL = {mask(settings.redis_url)}",
        f"METRICS_TOKEN = {mask(settings.metrics_token)}",
        f"AUCTION_WINDOW_MS = {settings.auction_window_ms}",
        f"MIN_BOND_WEI = {network.min_bond_wei}",
        f"REFUND_DELAY_SECONDS = {network.refund_delay_seconds}",
        f"AUCTIONEER_ADDRESS = {_show_address(network.auctioneer)}",
        f"REGISTRY_CONTRACT_ADDRESS = {_show_address(network.registry)}",
        f"REGISTRY_CHAIN_ID = {network.registry_chain_id or _NOT_SET}",
        f"API_URL = {settings.api_url}",
        f"SOLVER_FEE_BPS = {settings.fee_bps}",
        f"METRICS_PORT = {settings.metrics_port or _NOT_SET}",
        f"ADMIN_ADDRESSES = {', '.join(sorted(map(hexes.to_checksum, settings.admin_addresses)))}",
        f"DENIED_ADDRESSES = {len(settings.denied)}",
        f"RATE_LIMIT_RPM = {settings.rate_limit_rpm}",
        f"RATE_LIMIT_BURST = {settings.rate_limit_burst}",
        f"RATE_LIMIT_RPM_SOLVER = {settings.rate_limit_rpm_solver}",
        f"TRUSTED_PROXIES = {', '.join(map(str, settings.trusted_proxies))}",
        f"CORS_ORIGINS = {', '.join(sorted(settings.cors_origins))}",
        f"LOG_LEVEL = {settings.log_level}",
    ]
    lines += [
        f"chain {chain.chain_id} ({chain.name}): settler {hexes.to_checksum(chain.settler)}, "
        f"mailbox {hexes.to_checksum(chain.mailbox)}, domain {chain.domain}, {len(chain.tokens)} tokens, "
        f"{len(settings.nodes[chain.chain_id].urls)} nodes"
        + "".join(f", watches {one.protocol} at {hexes.to_checksum(one.address)}" for one in chain.foreign)
        for chain in network.chains.values()
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


def _show_address(address: Address) -> str:
    return _NOT_SET if address == ZERO_ADDRESS else hexes.to_checksum(address)


async def _check(settings: Settings) -> int:
    faults = 0
    for chain_id, node in settings.nodes.items():
        for number, url in enumerate(node.urls, start=1):
            said, is_good = await _check_node(settings.network.chains[chain_id], url)
            faults += not is_good
            sys.stdout.write(f"chain {chain_id} node {number}: {said}\n")
    return process.EXIT_FAILED if faults else 0


async def _check_node(chain: Chain, url: str) -> tuple[str, bool]:
    """What one node says of itself. Its URL may hold a key, so it is not shown."""
    try:
        async with Rpc([url], chain.chain_id) as rpc:
            heads = await rpc.heads()
            first = max(0, heads.latest.number - 99)
            await rpc.logs(first, heads.latest.number, addresses=[chain.settler])
    except OrbitalError as error:
        return f"{error.code}: {error.detail}", False
    safe = heads.safe.number if heads.safe else None
    finalized = heads.finalized.number if heads.finalized else None
    return f"ok, latest {heads.latest.number}, safe {safe}, finalized {finalized}, logs of 100 blocks", True
