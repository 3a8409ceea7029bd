"""Prices, depth and impact agree with what trades really pay."""

from hypothesis import given

from orbital.domain.orbital import liquidity, prices, swap, tick

WAD = 10**18


def _open(n, prices_bps):
    planes = tuple(tick.plane_of_price(n, WAD * one // 10_000) for one in prices_bps)
    state = liquidity.open_pool(planes, (18,) * n)
    for index in range(len(planes)):
        state = liquidity.add(state, index, 10**6 * WAD).after
    return state


def test_at_par_every_price_is_one():
    matrix = prices.price_matrix(_open(5, (9_900, 5_000)))
    assert all(abs(one - WAD) <= 10**6 for row in matrix for one in row)


def test_no_trade_pays_more_than_the_marginal_price(lab):
    @lab.profile
    @given(lab.cases(fees=(0,), decimals=(18,)))
    def check(case):
        done = case.quote()
        margin = prices.price(case.pool, case.token_in, case.token_out)
        assert done.paid_out * WAD <= done.net_in * (margin + 10**6) + 10**6 * WAD

    check()


def test_a_price_and_its_inverse_meet(lab):
    @lab.profile
    @given(lab.cases())
    def check(case):
        there = prices.price(case.pool, case.token_in, case.token_out)
        back = prices.price(case.pool, case.token_out, case.token_in)
        assert abs(there * back - WAD * WAD) <= there + back + 1

    check()


def test_depth_is_where_the_price_has_moved_by_so_much():
    state = _open(3, (9_900, 9_000, 5_000))
    before = prices.price(state, 0, 1)
    for bps in (1, 10, 50, 500):
        amount = prices.depth(state, 0, 1, bps)
        after = prices.price(swap.quote_exact_in(state, 0, 1, amount).after, 0, 1)
        further = prices.price(swap.quote_exact_in(state, 0, 1, amount + amount // 1_000).after, 0, 1)
        assert further < before * (10_000 - bps) // 10_000 <= after


def test_impact_grows_with_the_trade():
    state = _open(3, (9_900, 9_000, 5_000))
    found = [prices.impact_bps(swap.quote_exact_in(state, 0, 1, amount * WAD)) for amount in (1, 10_000, 200_000)]
    assert found == sorted(found)
    assert found[0] <= 1 < found[-1]
