"""Lists read a page through an index: no scan of a table, no sort, and as little for a late page as for the first.

Plans are looked at both ways the server makes them: for the parameters at hand, and once for all parameters, as it does
for statements that a pooled connection runs often.
"""

import asyncio
import contextlib
import hashlib
import json
import uuid

import asyncpg
import pytest

from orbital.storage import migrate, pool, sql
from orbital.storage.settings import StorageSettings

ROWS, MANY_ROWS = 80_000, 1_000_000
LIMIT = 21
USER, SOLVER, NOBODY = "\\x" + "aa" * 20, "\\x" + "bb" * 20, "\\x" + "cc" * 20
INTENT_ID = "sha256(n::text::bytea)"
ADDRESS = f"substr({INTENT_ID}, 1, 20)"

# One user and one solver in four rows; every fourth round is open; one intent has a quarter of all facts;
# three in four solvers have the same reputation.
FILL = (
    f"""INSERT INTO intents (intent_id, user_address, recipient, origin_chain_id, destination_chain_id, input_token,
        input_amount, output_token, min_output_amount, nonce, open_deadline, fill_deadline, auctioneer, status, round,
        open_by, submitted, auctionable, created_at, updated_at)
    SELECT {INTENT_ID}, user_address, user_address, 1, 10, $2, 1, $2, 1, n, 1, 1, $2, 'pending', 1, 1, true, true,
        1000 + n / 3, 1000
    FROM (SELECT n, CASE WHEN n % 4 = 0 THEN $1::bytea ELSE substr({INTENT_ID}, 1, 20) END AS user_address
          FROM generate_series(1, $3::integer) n) numbered""",
    f"""INSERT INTO auctions (intent_id, round, state, opened_at, closes_at, closed_at)
    SELECT {INTENT_ID}, 1, CASE WHEN n % 4 = 0 THEN 'open' ELSE 'closed' END, to_timestamp(1000 + n / 3),
        now() + interval '1 day', CASE WHEN n % 4 = 0 THEN NULL ELSE now() END
    FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO awards (intent_id, round, solver, output_amount, open_by, fill_by, signature, epoch, created_at)
    SELECT {INTENT_ID}, 1, CASE WHEN n % 4 = 0 THEN $2::bytea ELSE substr({INTENT_ID}, 1, 20) END, 1, 1, 1,
        decode(repeat('00', 65), 'hex'), 1, to_timestamp(1000 + n / 3)
    FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO submissions (intent_id, signature)
    SELECT {INTENT_ID}, decode(repeat('00', 65), 'hex') FROM generate_series(1, $3::integer) n
    WHERE $1::bytea <> $2::bytea""",
    """INSERT INTO blocks (chain_id, number, hash, parent_hash, timestamp)
    SELECT 1, n, sha256(n::text::bytea), sha256(n::text::bytea), n FROM generate_series(1, 20000) n
    WHERE $1::bytea <> $2::bytea AND $3::integer > 0""",
    f"""INSERT INTO facts (intent_id, name, chain_id, block_number, block_hash, tx_hash, log_index, timestamp, data)
    SELECT CASE WHEN n % 4 = 0 THEN sha256('1') ELSE {INTENT_ID} END, 'IntentFilled', 1, 1 + n % 20000,
        sha256((1 + n % 20000)::text::bytea), sha256('1'), n, n, '{{}}'
    FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO solvers (address, bond_wei, last_activity)
    SELECT {ADDRESS}, 1, 1 FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, nonce, deadline, signature)
    SELECT {ADDRESS}, 'Lane', '{{1}}', 1, '', 1, 1, '' FROM generate_series(1, $3::integer) n
    WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO solver_scores (address, reputation, version, as_of, inputs)
    SELECT {ADDRESS}, CASE WHEN n % 4 = 0 THEN n % 10001 ELSE 5000 END, 1, now(), '{{}}'
    FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO solver_decisions (solver, verdict, reason, admin)
    SELECT {ADDRESS}, 'suspended', 'No.', $2 FROM generate_series(1, $3::integer / 16) n
    WHERE $1::bytea <> $2::bytea""",
    f"""INSERT INTO concluded_awards (intent_id, round, solver, user_address, result, awarded_at, concluded_at,
        chain_id, token, amount)
    SELECT {INTENT_ID}, 1, {ADDRESS}, $1::bytea, 'filled', n, n, 1, $2::bytea, 1
    FROM generate_series(1, $3::integer / 16) n""",
    f"INSERT INTO accounts SELECT {ADDRESS} FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea",
)
LOOKED_UP = 500
HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(2, LOOKED_UP + 2)]
IDS = ",".join(f"'\\x{one}'" for one in HASHES).join(("ARRAY[", "]::bytea[]"))
USERS = ",".join(f"'\\x{one[:40]}'" for one in HASHES).join(("ARRAY[", "]::bytea[]"))
CHAINS = ",".join(["1"] * LOOKED_UP).join(("ARRAY[", "]"))
NONCES = ",".join(f"'{n}'" for n in range(2, LOOKED_UP + 2)).join(("ARRAY[", "]"))
LOOKUPS = {
    "load_canonical": IDS,
    "load_canonical_nonces": f"{IDS}, {USERS}, {CHAINS}, {NONCES}",
    "find_nonce_siblings": f"{USERS}, {CHAINS}, {NONCES}::numeric[]",
    "lock_accounts_hold": USERS,
    "lock_intents": IDS,
}
FIRST = "NULL, NULL"
LISTS = {
    "list_by_user": ("intents", f"'{USER}', {{after}}, NULL, NULL, NULL, {LIMIT}", FIRST, "{seconds}, '\\x80'"),
    "list_pending": (
        "auctions",
        f"{{after}}, '1.5 s', NULL, NULL, '{NOBODY}', {LIMIT}",
        FIRST,
        "to_timestamp({seconds}), '\\x80'",
    ),
    "list_awards": ("auctions", f"'{SOLVER}', false, {{after}}, {LIMIT}", FIRST, "to_timestamp({seconds}), '\\x80'"),
    "list_events": ("ledger", f"sha256('1'), {{after}}, {LIMIT}", "0", "{seq}"),
    "list_best": ("solvers", f"{{after}}, 0, {LIMIT}", FIRST, "{reputation}, '\\x80'"),
}


@pytest.fixture(scope="module")
def full_database(postgres_server):
    """A database of this module's own with many rows in every table that the lists read."""
    with _filled(postgres_server.url, ROWS) as url:
        yield url


@pytest.fixture(scope="module")
def huge_database(postgres_server):
    with _filled(postgres_server.url, MANY_ROWS) as url:
        yield url


@contextlib.contextmanager
def _filled(server_url, rows):
    name = f"plans_{uuid.uuid4().hex}"
    url = server_url.rpartition("/")[0] + f"/{name}"
    asyncio.run(_execute(server_url, f"CREATE DATABASE {name} TEMPLATE template0"))
    asyncio.run(_fill(url, rows))
    yield url
    asyncio.run(_execute(server_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _fill(url, rows):
    await migrate.migrate(StorageSettings(url))
    connection = await asyncpg.connect(url)
    for statement in FILL:
        await connection.execute(statement, bytes.fromhex(USER[2:]), bytes.fromhex(SOLVER[2:]), rows)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


async def _execute(url, statement):
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_costs_the_same_wherever_it_is(full_database, name, mode):
    await _check_pages(full_database, ROWS, name, mode)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_costs_the_same_among_a_million(huge_database, name, mode):
    await _check_pages(huge_database, MANY_ROWS, name, mode)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_the_solvers_of_a_page_are_found_one_by_one(full_database, mode):
    connection = await asyncpg.connect(full_database, server_settings=pool.SERVER_SETTINGS)
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE page AS {sql.load('solvers')['find_many']}")
        asked = ", ".join(f"'\\x{hashlib.sha256(str(n).encode()).hexdigest()[:40]}'" for n in range(1, LIMIT + 1))
        plan = await _explain(connection, f"ARRAY[{asked}]::bytea[]")
    finally:
        await connection.close()
    assert plan["Actual Rows"] == LIMIT
    assert {one["Relation Name"] for one in _nodes(plan) if one["Node Type"] == "Seq Scan"} == set()
    assert _buffers(plan) < 30 * LIMIT  # six lookups each


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", LOOKUPS)
async def test_what_a_step_needs_is_looked_up_also_while_nothing_is_known_of_a_table(full_database, name, mode):
    connection = await asyncpg.connect(full_database, server_settings=pool.SERVER_SETTINGS)
    outcome = connection.transaction()
    await outcome.start()
    try:
        await connection.execute("DELETE FROM pg_statistic")  # as of a table that was filled just now
        await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE page AS {sql.load('ledger')[name]}")
        plan = await _explain(connection, LOOKUPS[name])
    finally:
        await outcome.rollback()
        await connection.close()
    assert {one["Relation Name"] for one in _nodes(plan) if one["Node Type"] == "Seq Scan"} == set()
    assert _buffers(plan) < 30 * LOOKED_UP


async def _check_pages(url, rows, name, mode):
    """The plans of the first page, of one in the middle and of one of the last."""
    noun, arguments, first, late = LISTS[name]
    connection = await asyncpg.connect(url, server_settings=pool.SERVER_SETTINGS)
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE page AS {sql.load(noun)[name]}")
        plans = [await _explain(connection, arguments.format(after=first))]
        for passed in (rows // 2, rows - 10 * LIMIT):
            number = rows - passed if name in {"list_by_user", "list_awards"} else passed
            behind = late.format(seconds=1000 + number // 3, seq=number, reputation=10_000 - 10_000 * passed // rows)
            plans.append(await _explain(connection, arguments.format(after=behind)))
    finally:
        await connection.close()
    for plan in plans:
        assert plan["Actual Rows"] == LIMIT
        nodes = list(_nodes(plan))
        assert [one for one in nodes if "Sort" in one["Node Type"]] == []
        scanned = {one["Relation Name"] for one in nodes if one["Node Type"] == "Seq Scan"}
        assert scanned <= {"checkpoints", "leases"}  # one row a chain
        assert _buffers(plan) <= 1.5 * _buffers(plans[0]) + 10
        assert _buffers(plan) < 20 * LIMIT


async def _explain(connection, arguments):
    """The plan with what it did, the second time: by then nothing has to be looked up in catalogues."""
    statement = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE page({arguments})"
    await connection.fetchval(statement)
    (told,) = json.loads(await connection.fetchval(statement))
    return told["Plan"]


def _nodes(plan):
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


def _buffers(plan):
    return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
