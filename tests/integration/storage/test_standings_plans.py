"""A page of the leaderboard and a solver's figures are read off an index, as cheaply late as early, among many."""

import contextlib

import asyncpg
import pytest

from orbital.domain.standings import Sort
from orbital.storage import pool, sql

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
def full_database(plans):
    """A database of this module's own, with the standings of many solvers in two windows."""
    with plans.filled(FILL, SOLVERS) as url:
        yield url


@pytest.fixture(scope="module")
def huge_database(plans):
    with plans.filled(FILL, MANY_SOLVERS) as url:
        yield url


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
async def test_a_page_costs_the_same_wherever_it_is(full_database, plans, sort, mode):
    await _check_pages(plans, full_database, SOLVERS, sort, mode)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("sort", [one.value for one in Sort])
async def test_a_page_costs_the_same_among_a_million_standings(huge_database, plans, sort, mode):
    await _check_pages(plans, huge_database, MANY_SOLVERS, sort, mode)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_solvers_figures_are_one_row_of_each_table(full_database, plans, mode):
    statement = sql.load("standings")["find_performance"]
    async with _connected(full_database, mode) as connection:
        await connection.execute(f"PREPARE performance (bytea, text) AS {statement}")
        plan = await plans.explain(connection, "EXECUTE performance(substr(sha256('77'), 1, 20), 'all')")
    assert plan["Actual Rows"] == 1
    assert plans.scanned(plan) <= {"standings_counts"}
    assert plans.buffers(plan) < 30


async def _check_pages(plans, url, solvers, sort, mode):
    """The plans of the first page, of one in the middle and of one of the last."""
    statement = sql.load("standings")["list_page"].format(place=f"place_{sort}")
    async with _connected(url, mode) as connection:
        await connection.execute(f"PREPARE page (text, bigint, integer) AS {statement}")
        found = [
            await plans.explain(connection, f"EXECUTE page('30d', {after}, {LIMIT})")
            for after in (0, solvers // 2, solvers - 2 * LIMIT)
        ]
    for plan in found:
        assert plan["Actual Rows"] == LIMIT
        assert plans.scanned(plan) <= {"standings_counts"}
        assert all(one["Actual Rows"] <= LIMIT for one in plans.nodes(plan))
        assert plans.buffers(plan) <= 1.5 * plans.buffers(found[0]) + 10
        assert plans.buffers(plan) < 10 * LIMIT
