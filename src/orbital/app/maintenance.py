"""What an operator does by hand to a database: migrate, rebuild, compare, rewind, reindex."""

import json
from typing import Final

from orbital.app import output, process, wiring
from orbital.config.tree import Need, Settings
from orbital.domain.types import BlockNumber, ChainId
from orbital.indexer import reindex as raw_cache
from orbital.storage import digest as fingerprints
from orbital.storage import migrate as migrations
from orbital.storage import pool
from orbital.storage import rebuild as projections
from orbital.storage import rewind as history
from orbital.storage.settings import StorageSettings

_DATABASE: Final = frozenset({Need.DATABASE})
_CHAINS: Final = frozenset({Need.DATABASE, Need.NETWORK})
_LONG_SECONDS: Final = 3600.0  # for a statement over whole tables


def migrate() -> int:
    """Apply what is missing and say what it was."""
    return process.do(_DATABASE, _migrate)


def rebuild() -> int:
    """Fold everything anew and say how much it was."""
    return process.do(_CHAINS, _rebuild)


def digest(*, as_json: bool) -> int:
    """Print the fingerprints of everything that counts, as of one moment."""
    return process.do(_DATABASE, lambda settings: _digest(settings, as_json=as_json))


def rewind(chain: int, to: int | None) -> int:
    """Take a chain back to a block, or before its first one, and say what fell."""
    block = None if to is None else BlockNumber(to)
    return process.do(_CHAINS, lambda settings: _rewind(settings, ChainId(chain), block))


def reindex(chain: int, source_url: str) -> int:
    """Index a chain from what another database kept, and say how fast."""
    return process.do(_CHAINS, lambda settings: _reindex(settings, ChainId(chain), source_url))


async def _migrate(settings: Settings) -> int:
    with wiring.naming("DATABASE_URL"):
        wanted = StorageSettings(settings.database_url, wait_seconds=settings.database_wait_seconds)
        applied = await migrations.migrate(wanted)
    lines = [f"applied {one.version:04} {one.name.replace('_', ' ')}" for one in applied]
    lines.append(f"the schema is at version {migrations.load_migrations()[-1].version}")
    output.write("\n".join(lines) + "\n")
    return 0


async def _rebuild(settings: Settings) -> int:
    async with wiring.open_database(settings) as database:
        count = await projections.rebuild(database, settings.network.rules)
    output.write(f"folded {count} intents anew\n")
    return 0


async def _digest(settings: Settings, *, as_json: bool) -> int:
    async with (
        wiring.open_database(settings, statement_seconds=_LONG_SECONDS) as database,
        pool.snapshot(database) as connection,
    ):
        found = await fingerprints.digest(connection)
    if as_json:
        parts = {name: {"rows": part.rows, "sha256": part.sha256} for name, part in found.parts.items()}
        output.write(json.dumps({"parts": parts, "total": found.total}) + "\n")
        return 0
    lines = [f"{name:<11} {part.rows:>12} {part.sha256}" for name, part in found.parts.items()]
    lines.append(f"{'total':<24} {found.total}")
    output.write("\n".join(lines) + "\n")
    return 0


async def _rewind(settings: Settings, chain_id: ChainId, to: BlockNumber | None) -> int:
    async with wiring.open_database(settings, statement_seconds=_LONG_SECONDS) as database:
        done = await history.rewind(database, chain_id, to, settings.network.rules)
    where = "before its first block" if done.end is None else f"to block {done.end}"
    output.write(
        f"chain {chain_id} went back from block {done.start} {where}: {done.facts} facts do not count any more\n"
        "its indexer follows the node's history from there, and announces what it finds\n"
    )
    return 0


async def _reindex(settings: Settings, chain_id: ChainId, source_url: str) -> int:
    wait = settings.database_wait_seconds
    async with (
        wiring.open_other("--from", StorageSettings(source_url, pool_max=2, wait_seconds=wait)) as source,
        wiring.open_database(settings, statement_seconds=_LONG_SECONDS) as target,
    ):
        done = await raw_cache.reindex(source, target, settings.network, chain_id)
    rate = done.logs / done.seconds if done.seconds else 0.0
    output.write(
        f"chain {chain_id}: indexed {done.blocks} blocks with {done.logs} logs in {done.seconds:.1f} s"
        f" ({rate:.0f} logs/s); the checkpoint is {done.last}\n"
    )
    return 0
