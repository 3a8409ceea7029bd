"""Providers get no more than they brought, and planes are where the page says."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from orbital.domain import errors
from orbital.domain.orbital import liquidity, pool, prices, refusals, tick

WAD = 10**18


def test_adding_then_removing_never_gains(lab):
    @lab.profile
    @given(lab.pools(), st.data())
    def check(state, data):
        index = data.draw(st.integers(0, len(state.ladder.ticks) - 1))
        radius = data.draw(st.integers(10**22, 10**28))
        try:
            added = liquidity.add(state, index, radius)
        except errors.Conflict:
            return
        assert pool.is_good(added.after)
        removed = liquidity.remove(added.after, index, radius)
        # Coarse units of one token may turn dust of another towards the provider, never value.
        moved = enumerate(zip(removed.amounts, added.amounts, strict=True))
        gains = [(got - gave) * state.scale(token) for token, (got, gave) in moved]
        worth = prices.slopes(state, range(state.n))
        assert sum(gain * of for gain, of in zip(gains, worth, strict=True)) <= 0

    check()


def test_all_providers_can_leave_and_the_last_takes_what_is_there(lab):
    @lab.profile
    @given(lab.pools(), st.randoms(use_true_random=False))
    def check(state, chance):
        assume(min(state.real_reserves) >= 0)
        order = list(range(len(state.ladder.ticks)))
        chance.shuffle(order)
        for index in order:
            state = liquidity.remove(state, index, state.ladder.ticks[index].radius).after
            assert min(state.real_reserves) >= 0
        assert set(state.reserves) == {0}

    check()


def test_the_first_deposit_is_at_par():
    state = liquidity.open_pool((tick.plane_of_price(4, WAD * 9 // 10),), (6, 8, 18, 18))
    first = liquidity.add(state, 0, 10**24)
    assert max(first.after.reserves) - min(first.after.reserves) < 10**12
    assert abs(max(first.after.reserves) - 5 * 10**23) < 10**12  # r*(1 - 1/sqrt(4))
    assert first.amounts[0] * 10**12 - first.amounts[3] in range(10**12)


def test_a_narrower_tick_needs_less_capital():
    found = [
        tick.efficiency(5, tick.plane_of_price(5, WAD * price // 10_000)) for price in (9_999, 9_900, 9_000, 5_000, 0)
    ]
    assert found == sorted(found, reverse=True)
    assert found[0] > 100 * WAD
    assert found[-1] == pytest.approx(WAD, rel=1e-9) or found[-1] > WAD


@pytest.mark.parametrize("n", [2, 3, 10, 1_000, 10_000])
@pytest.mark.parametrize("price_bps", [9_999, 9_900, 9_000, 5_000, 100])
def test_a_plane_and_its_price_are_inverse(n, price_bps):
    price = WAD * price_bps // 10_000
    plane = tick.plane_of_price(n, price)
    assert n - math.sqrt(n) < plane / WAD <= n - 1
    # Far from par the plane says less of the price than its 18 decimals: by the slope of k(p).
    assert tick.price_of_plane(n, plane) == pytest.approx(price, rel=1e-6)


@pytest.mark.parametrize("price", [WAD, WAD * 99_991 // 100_000, -1])
def test_a_plane_too_near_to_par_is_refused(price):
    with pytest.raises(refusals.InvalidPool):
        tick.plane_of_price(3, price)


@pytest.mark.parametrize(
    ("ticks", "reserves", "code"),
    [
        ([], (1, 1), "invalid_pool"),
        ([tick.Tick.at(WAD, WAD)], (WAD,), "invalid_pool"),
        ([tick.Tick.at(WAD, 3 * WAD)], (WAD, WAD), "invalid_plane"),
        ([tick.Tick.at(WAD, WAD // 2)], (WAD, WAD), "invalid_plane"),
        ([tick.Tick.at(-WAD, WAD)], (WAD, WAD), "invalid_radius"),
        ([tick.Tick.at(WAD, WAD)], (-1, WAD), "invalid_reserves"),
        ([tick.Tick.at(WAD, WAD)], (2**120, WAD), "invalid_reserves"),
    ],
)
def test_a_pool_that_is_none_has_a_code(ticks, reserves, code):
    with pytest.raises(refusals.InvalidPool) as refused:
        pool.make(ticks, reserves)
    assert refused.value.code == code


@pytest.mark.parametrize("radius", [0, -(10**30)])
def test_a_change_of_radius_that_is_none_is_refused(radius):
    state = liquidity.open_pool((tick.plane_of_price(2, WAD // 2),), (18, 18))
    with pytest.raises(refusals.InvalidPool):
        liquidity.add(state, 0, radius)
