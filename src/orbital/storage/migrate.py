"""Brings the schema to this version: numbered files, each applied once and in order, under one advisory lock.

Several processes may start together: one applies, the others wait and find it done. A file that changed after it was
applied, or a database that is ahead of this code, stops the start rather than guessing.
"""

import hashlib
import importlib.resources
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain.errors import Corrupt, Rejected
from orbital.storage import pool
from orbital.storage.settings import StorageSettings

_LOCK: Final = 0x0_0B17A1
_TABLE: Final = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   bytea       NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str
    text: str

    @property
    def checksum(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


def load_migrations() -> list[Migration]:
    """The files `NNNN_words.sql` of this version, in order."""
    folder = importlib.resources.files("orbital.storage").joinpath("migrations")
    found = [
        Migration(int(entry.name[:4]), entry.name[5:-4], entry.read_text("utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    return sorted(found, key=lambda migration: migration.version)


async def migrate(settings: StorageSettings) -> list[Migration]:
    """Apply what is missing; returns what this call applied."""
    connection = await pool.connect(settings)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        return await _apply_missing(connection, load_migrations())
    finally:
        await connection.close()


async def check(connection: pool.Connection) -> None:
    """Rejected `schema_behind` when the database lacks a migration, Corrupt when it has others than this version."""
    migrations = load_migrations()
    is_there = await connection.fetchval("SELECT to_regclass('schema_migrations') IS NOT NULL")
    applied = await _load_applied(connection) if is_there else {}
    _validate_history(applied, migrations)
    if len(applied) < len(migrations):
        raise Rejected("schema_behind", "The database lacks tables of this version: run `orbital migrate`.")


async def _apply_missing(connection: Any, migrations: list[Migration]) -> list[Migration]:
    await connection.execute(_TABLE)
    applied = await _load_applied(connection)
    _validate_history(applied, migrations)
    missing = [migration for migration in migrations if migration.version not in applied]
    for migration in missing:
        async with connection.transaction():
            await connection.execute(migration.text)
            await connection.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.checksum,
            )
    return missing


async def _load_applied(connection: Any) -> dict[int, bytes]:
    found = await connection.fetch("SELECT version, checksum FROM schema_migrations")
    return {row["version"]: bytes(row["checksum"]) for row in found}


def _validate_history(applied: dict[int, bytes], migrations: list[Migration]) -> None:
    known = {migration.version: migration for migration in migrations}
    for version, checksum in applied.items():
        if version not in known:
            raise Corrupt("schema_ahead", f"The database has migration {version}, which this version does not know.")
        if known[version].checksum != checksum:
            raise Corrupt("schema_changed", f"Migration {version} was applied with other content.")
