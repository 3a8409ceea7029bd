"""Processes that start together migrate once; a history that is not ours is refused."""

import subprocess
import sys

import asyncpg
import pytest

from orbital.domain.errors import Corrupt
from orbital.storage import migrate
from orbital.storage.settings import StorageSettings

PROGRAM = """
import asyncio, sys
from orbital.storage import migrate
from orbital.storage.settings import StorageSettings
print(len(asyncio.run(migrate.migrate(StorageSettings(sys.argv[1])))))
"""


def test_of_several_processes_one_migrates(database_url):
    running = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, database_url], stdout=subprocess.PIPE, text=True)
        for _ in range(5)
    ]
    applied = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sorted(applied) == [0, 0, 0, 0, len(migrate.load_migrations())]


async def test_a_second_run_applies_nothing(database_url):
    settings = StorageSettings(database_url)
    assert [one.version for one in await migrate.migrate(settings)] == [
        one.version for one in migrate.load_migrations()
    ]
    assert await migrate.migrate(settings) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("UPDATE schema_migrations SET checksum = '\\x00' WHERE version = 1", "schema_changed"),
        ("INSERT INTO schema_migrations (version, name, checksum) VALUES (9999, 'later', '\\x00')", "schema_ahead"),
    ],
)
async def test_a_history_that_is_not_ours_is_refused(database_url, change, code):
    settings = StorageSettings(database_url)
    await migrate.migrate(settings)
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(change)
    finally:
        await connection.close()
    with pytest.raises(Corrupt, match=code):
        await migrate.migrate(settings)


def test_versions_have_no_gap():
    found = [one.version for one in migrate.load_migrations()]
    assert found == list(range(1, len(found) + 1))
