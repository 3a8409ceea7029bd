"""The state of a pool is what its events add up to."""

import pytest

from orbital.domain import pool_facts as p
from orbital.domain.errors import Corrupt
from orbital.domain.orbital import replay
from orbital.domain.types import Address

POOL, WHO, A, B, C = (Address(bytes((byte,)) * 20) for byte in range(1, 6))
CREATED = (
    p.PoolCreated(POOL, (A, B, C), (6, 18, 6), 500),
    p.TickCreated(POOL, 0, 2 * 10**18 - 10**17),
    p.TickCreated(POOL, 1, 2 * 10**18),
)
FUNDED = (
    p.LiquidityAdded(POOL, WHO, 0, 300, (10, 10**13, 10)),
    p.LiquidityAdded(POOL, WHO, 1, 700, (20, 2 * 10**13, 20)),
)


def replayed(*events: p.PoolEvent) -> replay.State:
    state = replay.replay(None, (*CREATED, *FUNDED, *events))
    assert state is not None
    return state


def swap(token_in: int, token_out: int, amount_in: int, amount_out: int, fee: int) -> p.Swap:
    return p.Swap(POOL, WHO, token_in, token_out, amount_in, amount_out, fee, WHO)


def test_a_new_pool_is_empty_and_its_ticks_are_interior():
    assert replay.replay(None, CREATED) == replay.State(
        tokens=(A, B, C),
        decimals=(6, 18, 6),
        fee_ppm=500,
        reserves=(0, 0, 0),
        planes=(19 * 10**17, 2 * 10**18),
        radii=(0, 0),
        interior=(True, True),
        fee_growth=((0, 0, 0), (0, 0, 0)),
    )


def test_liquidity_comes_and_goes_by_tick():
    state = replayed(p.LiquidityRemoved(POOL, WHO, 0, 100, (1, 10**12, 2)))
    assert state.radii == (200, 700)
    assert state.reserves == (29, 29 * 10**12, 28)


def test_a_swap_moves_reserves_and_leaves_its_fee_outside():
    state = replayed(swap(0, 2, 15, 12, 1))
    assert state.reserves == (30 + 14, 3 * 10**13, 30 - 12)
    share = 2**128 // 1000
    assert state.fee_growth == ((share, 0, 0), (share, 0, 0))


def test_fees_go_to_the_ticks_that_were_interior_before_the_swap():
    state = replayed(swap(0, 2, 5, 4, 1), p.TickCrossed(POOL, 0, interior=False), swap(1, 2, 10**12, 1, 9))
    assert state.interior == (False, True)
    first, second = 2**128 // 1000, 9 * 2**128 // 700
    assert state.fee_growth == ((first, 0, 0), (first, second, 0))


def test_with_no_tick_interior_the_boundary_ones_earn():
    crossed = [p.TickCrossed(POOL, tick, interior=False) for tick in (0, 1)]
    assert replayed(*crossed, swap(0, 2, 5, 4, 1)).fee_growth == ((2**128 // 1000, 0, 0),) * 2


def test_empty_ticks_earn_nothing():
    emptied = replayed(p.LiquidityRemoved(POOL, WHO, 1, 700, (20, 2 * 10**13, 20)), swap(0, 2, 5, 4, 1))
    assert emptied.fee_growth == ((2**128 // 300, 0, 0), (0, 0, 0))


def test_collecting_fees_changes_neither_reserves_nor_growth():
    assert replayed(p.FeesCollected(POOL, WHO, 0, (1, 1, 1))) == replayed()


def test_a_pool_whose_creation_was_not_seen_is_unknown():
    assert replay.replay(None, (*CREATED[1:], *FUNDED)) is None


@pytest.mark.parametrize(
    "event",
    [
        CREATED[0],
        p.TickCreated(POOL, 1, 1),
        p.TickCrossed(POOL, 2, interior=True),
        p.LiquidityAdded(POOL, WHO, 0, 1, (1, 1)),
        p.LiquidityRemoved(POOL, WHO, 0, 301, (0, 0, 0)),
        p.LiquidityRemoved(POOL, WHO, 0, 1, (31, 0, 0)),
        swap(0, 3, 1, 1, 0),
        swap(1, 1, 1, 1, 0),
        swap(0, 1, 1, 0, 2),
        swap(1, 0, 1, 31, 0),
    ],
)
def test_an_event_that_can_not_follow_is_a_contradiction(event):
    with pytest.raises(Corrupt) as caught:
        replayed(event)
    assert caught.value.code == "pool_contradiction"
