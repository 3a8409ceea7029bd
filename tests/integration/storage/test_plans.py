"""Lists read a page through an index: no scan of a table, no sort, and as little for a late page as for the first.

Plans are looked at both ways the server makes them: for the parameters at hand, and once for all parameters, as it does
for statements that a pooled connection runs often.
"""

import hashlib

import asyncpg
import pytest

from orbital.storage import pool, sql

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
    f"""INSERT INTO held_accounts
    SELECT {ADDRESS}, 1 FROM generate_series(1, $3::integer) n WHERE $1::bytea <> $2::bytea""",
)
LOOKED_UP = 500
HASHES = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(2, LOOKED_UP + 2)]
IDS = ",".join(f"'\\x{one}'" for one in HASHES).join(("ARRAY[", "]::bytea[]"))
USERS = ",".join(f"'\\x{one[:40]}'" for one in HASHES).join(("ARRAY[", "]::bytea[]"))
CHAINS = ",".join(["1"] * LOOKED_UP).join(("ARRAY[", "]"))
NONCES = ",".join(f"'{n}'" for n in range(2, LOOKED_UP + 2)).join(("ARRAY[", "]"))
LOOKUPS = {
    "load_canonical": f"{IDS}, {2**63 - 1}",
    "load_canonical_nonces": f"{IDS}, {USERS}, {CHAINS}, {NONCES}",
    "find_nonce_siblings": f"{USERS}, {CHAINS}, {NONCES}",
    "lock_accounts": f"{USERS}, {CHAINS}",
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
def full_database(plans):
    """A database of this module's own with many rows in every table that the lists read."""
    with plans.filled(FILL, bytes.fromhex(USER[2:]), bytes.fromhex(SOLVER[2:]), ROWS) as url:
        yield url


@pytest.fixture(scope="module")
def huge_database(plans):
    with plans.filled(FILL, bytes.fromhex(USER[2:]), bytes.fromhex(SOLVER[2:]), MANY_ROWS) as url:
        yield url


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_costs_the_same_wherever_it_is(full_database, plans, name, mode):
    await _check_pages(plans, full_database, ROWS, name, mode)


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", LISTS)
async def test_a_page_costs_the_same_among_a_million(huge_database, plans, name, mode):
    await _check_pages(plans, huge_database, MANY_ROWS, name, mode)


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_the_solvers_of_a_page_are_found_one_by_one(full_database, plans, mode):
    connection = await asyncpg.connect(full_database, server_settings=pool.SERVER_SETTINGS)
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE page AS {sql.load('solvers')['find_many']}")
        plan = await plans.explain(connection, f"EXECUTE page(({USERS})[:{LIMIT}])")
    finally:
        await connection.close()
    assert plan["Actual Rows"] == LIMIT
    assert plans.scanned(plan) == set()
    assert plans.buffers(plan) < 30 * LIMIT  # six lookups each


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
@pytest.mark.parametrize("name", LOOKUPS)
async def test_what_a_step_needs_is_looked_up_also_while_nothing_is_known_of_a_table(full_database, plans, name, mode):
    connection = await asyncpg.connect(full_database, server_settings=pool.SERVER_SETTINGS)
    outcome = connection.transaction()
    await outcome.start()
    try:
        await connection.execute("DELETE FROM pg_statistic")  # as of a table that was filled just now
        await connection.execute(f"SET LOCAL plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE page AS {sql.load('ledger')[name]}")
        plan = await plans.explain(connection, f"EXECUTE page({LOOKUPS[name]})")
    finally:
        await outcome.rollback()
        await connection.close()
    assert plans.scanned(plan) == set()
    assert plans.buffers(plan) < 30 * LOOKED_UP


async def _check_pages(plans, url, rows, name, mode):
    """The plans of the first page, of one in the middle and of one of the last."""
    noun, arguments, first, late = LISTS[name]
    connection = await asyncpg.connect(url, server_settings=pool.SERVER_SETTINGS)
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE page AS {sql.load(noun)[name]}")
        found = [await plans.explain(connection, f"EXECUTE page({arguments.format(after=first)})")]
        for passed in (rows // 2, rows - 10 * LIMIT):
            number = rows - passed if name in {"list_by_user", "list_awards"} else passed
            behind = late.format(seconds=1000 + number // 3, seq=number, reputation=10_000 - 10_000 * passed // rows)
            found.append(await plans.explain(connection, f"EXECUTE page({arguments.format(after=behind)})"))
    finally:
        await connection.close()
    for plan in found:
        assert plan["Actual Rows"] == LIMIT
        assert [one for one in plans.nodes(plan) if "Sort" in one["Node Type"]] == []
        assert plans.scanned(plan) <= {"checkpoints", "leases"}  # one row a chain
        assert plans.buffers(plan) <= 1.5 * plans.buffers(found[0]) + 10
        assert plans.buffers(plan) < 20 * LIMIT
