"""What intake compares an intent with tells of the user's opens above a height, however many there are below."""

import asyncpg
import pytest

from orbital.storage import chains, intents, pool, sql

BLOCKS, OPENS = 2_000, 10_000
FAR_BELOW = -5_000
USER = "\\x" + "aa" * 20
FILL = (
    """INSERT INTO blocks (chain_id, number, hash, parent_hash, timestamp)
    SELECT 1, n, sha256(n::text::bytea), sha256(n::text::bytea), n FROM generate_series(1, $1::integer) n
    WHERE $2::integer > 0 AND $3::bytea <> ''""",
    """INSERT INTO checkpoints (chain_id, genesis_hash, start_block, number, hash, timestamp)
    SELECT 1, sha256(''), 1, $1::integer, sha256(''), 1 WHERE $2::integer > 0 AND $3::bytea <> ''""",
    """INSERT INTO facts
        (intent_id, name, actor, chain_id, block_number, block_hash, tx_hash, log_index, timestamp, data)
    SELECT sha256(n::text::bytea), 'IntentOpened', $3::bytea, 1, 1 + n % $1::integer,
        sha256((1 + n % $1::integer)::text::bytea), sha256('1'), n, n,
        json_build_object('intent', json_build_object('nonce', n::text))
    FROM generate_series(1, $2::integer) n""",
)


async def test_an_open_counts_above_the_height_while_its_block_does(connection, history):
    (one, intent), (other, foreign) = history.intent("one"), history.intent("other")
    await history.bind(connection)
    await history.put(
        connection,
        *(history.block(history.origin, number) for number in range(3)),
        history.block(history.origin, 3, (one, history.open(intent))),
        history.block(history.origin, 4, (other, history.open(foreign))),
    )
    heights = [FAR_BELOW, 0, 2, 3, 4, None]
    assert await look(connection, intent, heights) == [True, True, True, False, False, False]
    await chains.rollback(connection, history.origin, 2, history.rules)
    assert await look(connection, intent, heights) == [False] * len(heights)
    await history.put(connection, history.block(history.origin, 3, (one, history.open(intent))))
    assert await look(connection, intent, heights) == [True, True, True, False, False, False]


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_it_costs_no_more_for_a_user_who_opened_often(often_opened, plans, mode):
    connection = await asyncpg.connect(often_opened, server_settings=pool.SERVER_SETTINGS)
    try:
        await connection.execute(f"SET plan_cache_mode = {mode}")
        await connection.execute(f"PREPARE standing AS {sql.load('intents')['find_standing']}")
        plan = await plans.explain(connection, f"EXECUTE standing('{USER}', 1, '7', '{USER}', {BLOCKS - 2})")
    finally:
        await connection.close()
    assert plans.buffers(plan) < 100


@pytest.fixture(scope="module")
def often_opened(plans):
    with plans.filled(FILL, BLOCKS, OPENS, bytes.fromhex(USER[2:])) as url:
        yield url


async def look(connection, intent, heights):
    return [(await intents.find_standing(connection, intent, one)).is_opened_above for one in heights]
