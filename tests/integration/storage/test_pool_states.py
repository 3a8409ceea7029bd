"""States of pools through verified blocks, rollbacks and returns: what is kept is enough, whatever comes."""

import pytest

from orbital.domain import pool_facts as p
from orbital.domain.types import Address
from orbital.storage import chains, digest, outbox, pool_states, rebuild

POOL, WHO, A, B = (Address(bytes((byte,)) * 20) for byte in range(1, 5))
CREATED = (p.PoolCreated(POOL, (A, B), (6, 18), 100), p.TickCreated(POOL, 0, 10**18))


def added(amount: int) -> p.LiquidityAdded:
    return p.LiquidityAdded(POOL, WHO, 0, amount, (amount, amount))


@pytest.fixture
async def follow(connection, history):
    """Index blocks 0 to 9 of one chain: created in block 0, in each block after it liquidity of the block's number."""
    await history.bind(connection)

    async def put(*numbers: int, branch: str = "", forked_at: int = 0) -> None:
        for number in numbers:
            events = CREATED if number == 0 else (added(number),)
            told = [(None, event) for event in events]
            await history.put(
                connection, history.block(history.origin, number, *told, branch=branch, forked_at=forked_at)
            )

    await put(*range(10))
    return put


async def radius(connection, history) -> int | None:
    found = await pool_states.list_current(connection, [(history.origin, POOL)])
    return found[0].state.radii[0] if found else None


async def rollback(connection, history, to: int) -> None:
    await chains.rollback(connection, history.origin, to, history.rules)


async def verify(connection, history, number: int) -> None:
    block = history.block(history.origin, number).block
    assert await chains.put_verified(connection, history.origin, number, block.hash)


async def rows(connection) -> list[int]:
    found = await connection.fetch("SELECT block_number FROM pool_states ORDER BY block_number")
    return [row["block_number"] for row in found]


async def test_the_state_now_is_as_of_the_last_indexed_block(connection, history, follow):
    (found,) = await pool_states.list_current(connection, [(history.origin, POOL)])
    last = history.block(history.origin, 9).block
    assert (found.block_number, found.block_hash, found.timestamp) == (9, last.hash, last.timestamp)
    assert found.state_hash == last.hash
    assert found.state.radii == (45,)


async def test_a_state_that_is_known_is_not_told_again(connection, history, follow):
    known = history.block(history.origin, 9).block.hash
    (found,) = await pool_states.list_current(connection, [(history.origin, POOL)], [known])
    assert (found.state, found.state_hash) == (None, known)


async def test_a_rollback_brings_the_earlier_state_back_and_a_return_the_later(connection, history, follow):
    await rollback(connection, history, 7)
    assert await radius(connection, history) == 28
    await follow(8, branch="other", forked_at=7)
    assert await radius(connection, history) == 36
    await rollback(connection, history, 7)
    await follow(8, 9)
    assert await radius(connection, history) == 45


async def test_of_verified_blocks_the_last_state_is_kept(connection, history, follow):
    await verify(connection, history, 6)
    await follow(10)
    assert await rows(connection) == [6, 7, 8, 9, 10]
    await rollback(connection, history, 6)
    assert await radius(connection, history) == 21


async def test_a_rewind_below_what_is_kept_folds_anew(connection, history, follow):
    await verify(connection, history, 6)
    await follow(10)
    await chains.forget_finality(connection, history.origin, 3)
    await rollback(connection, history, 3)
    assert await radius(connection, history) == 6
    await chains.forget_finality(connection, history.origin, -1)
    await rollback(connection, history, -1)
    assert await radius(connection, history) is None


async def test_a_rebuild_gives_the_same_states(database, history):
    async with database.driver.acquire() as connection:
        await history.bind(connection)
        for number in range(10):
            told = [(None, event) for event in (CREATED if number == 0 else (added(number),))]
            await history.put(connection, history.block(history.origin, number, *told))
        await verify(connection, history, 6)
        before = await digest.digest(connection)
        assert before.parts["pools"].rows == 1
    await rebuild.rebuild(database, history.rules)
    async with database.driver.acquire() as connection:
        assert await digest.digest(connection) == before
        assert await rows(connection) == [6, 7, 8, 9]


async def test_facts_told_twice_count_once(connection, history, follow):
    await history.put(connection, history.block(history.origin, 9, (None, added(9))))
    assert await radius(connection, history) == 45


async def market(connection) -> list[tuple[str, dict]]:
    taken = await outbox.take(connection, 1000)
    return [(one.announcement.event, one.announcement.data) for one in taken if one.announcement.topic == "market"]


async def test_the_market_is_told_what_happened_and_the_prices_after_it(connection, history, follow):
    await outbox.take(connection, 1000)
    await follow(10)
    (event, told), (changed, after) = await market(connection)
    place = {"chain_id": history.origin, "block_number": 10, "pool": "0x" + POOL.hex()}
    assert event == "LiquidityAdded"
    assert place.items() <= told.items()
    assert (told["radius"], told["amounts"], told["timestamp"]) == ("10", ["10", "10"], history.start + 100)
    assert changed == "PricesChanged"
    assert after == place | {"timestamp": history.start + 100, "prices": after["prices"]}
    assert len(after["prices"]) == 2
    await follow(10)
    assert await market(connection) == []
    await rollback(connection, history, 9)
    ((fell, what),) = await market(connection)
    assert (fell, what["name"], what["pool"]) == ("FactReverted", "LiquidityAdded", place["pool"])
