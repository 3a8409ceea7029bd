"""A page of the leaderboard and a solver's figures are read off an index, as cheaply late as early, among many."""

import asyncio
import contextlib
import json
import uuid

import asyncpg
import pytest

from orbital.domain.standings import Sort
from orbital.storage import migrate, pool, sql
from orbital.storage.settings import StorageSettings

SOLVERS, MANY_SOLVERS = 10_000, 500_000
LIMIT = 101
ADDRESS = "substr(sha256(n::text::bytea), 1, 20)"
FILL = (
    f"INSERT INTO solvers SELECT {ADDRESS}, 0, 0 FROM generate_series(1, $1::integer) n",
    f"""INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, nonce, deadline, signature)
    SELECT {ADDRESS}, 'a name', '{{7}}', 0, '', 0, 0, '' FROM generate_series(1, $1::integer) n WHERE n % 2 = 0""",
    f"""INSERT INTO solver_scores (address, reputation, version, as_of, inputs)
    SELECT {ADDRESS}, 5000, 1, '2027-01-15', '{{}}' FROM generate_series(1, $1::integer) n""",
    f"""INSERT INTO solver_standings
    SELECT period, {ADDRESS}, 1, 1, 1, 0, 0, 10000, 1, 1, 1, '[]', 1, 5000, n, n, n, n, n
    FROM generate_series(1, $1::integer) n, unnest(ARRAY['30d', 'all']) period""",
    "INSERT INTO standings_counts SELECT period, now() FROM unnest(ARRAY['30d', 'all']) period WHERE $1::integer > 0",
)


@pytest.fixture(scope="module")
def full_database(postgres_server):
    """A database of this module's own, with the standings of many solvers in two windows."""
    with _filled(postgres_server.url, SOLVERS) as url:
        yield url


@pytest.fixture(scope="module")
def huge_database(postgres_server):
    with _filled(postgres_server.url, MANY_SOLVERS) as url:
        yield url


@contextlib.contextmanager
def _filled(server_url, solvers):
    name = f"standings_{uuid.uuid4().hex}"
    url = server_url.rpartition("/")[0] + f"/{name}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0"))
    asyncio.run(_fill(url, solvers))
    yield url
    asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _fill(url, solvers):
    await migrate.migrate(StorageSettings(url))
    connection = await asyncpg.connect(url)
    for statement in FILL:
        await connection.execute(statement, solvers)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def _execute(url, statement):
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@contextlib.asynccontextmanager
async def _connected(url, mode):
    connection = await asyncpg.connect(url, server_settings=pool.SERVER_SETTINGS)
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("sort", [one.value for one in Sort])
async def test_a_page_costs_the_same_wherever_it_is(full_database, sort, mode):
    await _check_pages(full_database, SOLVERS, sort, mode)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("sort", [one.value for one in Sort])
async def test_a_page_costs_the_same_among_a_million_standings(huge_database, sort, mode):
    await _check_pages(huge_database, MANY_SOLVERS, sort, mode)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_solvers_figures_are_one_row_of_each_table(full_database, mode):
    statement = sql.load("standings")["find_performance"]
    async with _connected(full_database, mode) as connection:
        await connection.execute(f"PREPARE performance (bytea, text) AS {statement}")
        plan = await _explain(connection, "performance(substr(sha256('77'), 1, 20), 'all')")
    assert plan["Actual Rows"] == 1
    scanned = {one["Relation Name"] for one in _nodes(plan) if one["Node Type"] == "Seq Scan"}
    assert scanned <= {"standings_counts"}
    assert _buffers(plan) < 30


async def _check_pages(url, solvers, sort, mode):
    """The plans of the first page, of one in the middle and of one of the last."""
    statement = sql.load("standings")["list_page"].format(place=f"place_{sort}")
    async with _connected(url, mode) as connection:
        await connection.execute(f"PREPARE page (text, bigint, integer) AS {statement}")
        plans = [
            await _explain(connection, f"page('30d', {after}, {LIMIT})")
            for after in (0, solvers // 2, solvers - 2 * LIMIT)
        ]
    for plan in plans:
        assert plan["Actual Rows"] == LIMIT
        nodes = list(_nodes(plan))
        assert {one.get("Relation Name") for one in nodes if one["Node Type"] == "Seq Scan"} <= {"standings_counts"}
        assert all(one["Actual Rows"] <= LIMIT for one in nodes)
        assert _buffers(plan) <= 1.5 * _buffers(plans[0]) + 10
        assert _buffers(plan) < 10 * LIMIT


async def _explain(connection, call):
    """The plan with what it did, the second time: by then nothing has to be looked up in catalogues."""
    statement = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE {call}"
    await connection.fetchval(statement)
    (told,) = json.loads(await connection.fetchval(statement))
    return told["Plan"]


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _buffers(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
