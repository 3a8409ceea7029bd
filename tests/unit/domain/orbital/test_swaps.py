"""What holds for every swap in every pool."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orbital.domain import errors
from orbital.domain.orbital import liquidity, pool, prices, refusals, swap, tick

WAD = 10**18


def test_the_end_state_is_good_and_one_unit_more_is_not(lab):
    @lab.profile
    @given(lab.cases())
    def check(case):
        done = case.quote()
        assert pool.is_good(done.after)
        assert not case.is_good_without(done, 1)
        assert not case.is_good_without(done, 2)

    check()


def test_a_search_without_formula_or_slope_finds_the_same(lab):
    @lab.profile
    @given(lab.cases())
    def check(case):
        done = case.quote()
        low, high = 0, case.pool.real_reserves[case.token_out] // case.pool.scale(case.token_out) + 1
        while high - low > 1:
            middle = (low + high) // 2
            after = dataclasses.replace(done, amount_out=middle).after
            reached = after.segment.is_reached(after.total, after.spread)
            low, high = (middle, high) if reached else (low, middle)
        while low and not pool.is_good(dataclasses.replace(done, amount_out=low).after):
            low -= 1
        assert done.amount_out == low

    check()


def test_output_grows_and_the_price_worsens_with_the_input(lab):
    @lab.profile
    @given(lab.cases(fees=(0,), decimals=(18,)), st.integers(2, 1000))
    def check(case, factor):
        small = case.quote()
        try:
            large = case.quote(case.amount_in * factor)
        except refusals.InsufficientLiquidity:
            return
        assert large.amount_out >= small.amount_out
        before, then, last = (
            prices.price(state, case.token_in, case.token_out) for state in (case.pool, small.after, large.after)
        )
        wad_of_price = 2 + before // 10**15  # what the last wads of the reserves move
        assert before + wad_of_price >= then
        assert then + wad_of_price >= last

    check()


def test_a_round_trip_gains_nothing_but_what_roundings_had_left(lab):
    @lab.profile
    @given(lab.cases())
    def check(case):
        done = case.quote()
        try:
            back = swap.quote_exact_in(done.after, case.token_out, case.token_in, done.amount_out)
        except errors.OrbitalError:
            return
        assert back.amount_out <= case.amount_in + case.slack()

    check()


def test_two_halves_never_pay_more_than_the_whole(lab):
    @lab.profile
    @given(lab.cases(fees=(0,)), st.integers(1, 99))
    def check(case, percent):
        part = case.amount_in * percent // 100
        try:
            first = case.quote(part)
            second = swap.quote_exact_in(first.after, case.token_in, case.token_out, case.amount_in - part)
        except errors.OrbitalError:
            return
        assert first.amount_out + second.amount_out <= case.quote().amount_out

    check()


def test_the_order_of_tokens_and_ticks_does_not_matter(lab):
    @lab.profile
    @given(lab.cases(), st.randoms(use_true_random=False))
    def check(case, chance):
        order, ticks = list(range(case.pool.n)), list(case.pool.ladder.ticks)
        chance.shuffle(order)
        chance.shuffle(ticks)
        mixed = pool.make(
            ticks,
            [case.pool.reserves[token] for token in order],
            [case.pool.decimals[token] for token in order],
            case.pool.fee_ppm,
        )
        i, j = order.index(case.token_in), order.index(case.token_out)
        assert swap.quote_exact_in(mixed, i, j, case.amount_in).amount_out == case.quote().amount_out

    check()


def test_exact_out_is_the_least_input(lab):
    @lab.profile
    @given(lab.cases())
    def check(case):
        wanted = case.quote().amount_out
        found = swap.quote_exact_out(case.pool, case.token_in, case.token_out, wanted)
        assert found.amount_out >= wanted
        assert found.amount_in <= case.amount_in
        if found.amount_in > 1:
            try:
                assert case.quote(found.amount_in - 1).amount_out < wanted
            except refusals.InvalidTrade:
                assert wanted >= 1

    check()


def test_what_is_kept_equals_what_is_counted(lab):
    @lab.profile
    @given(lab.cases())
    def check(case):
        after = case.quote().after
        again = pool.on(after.ladder, after.reserves, after.decimals, after.fee_ppm)
        assert (again.total, again.squares) == (after.total, after.squares)
        assert min(after.real_reserves) >= 0
        assert pool.is_good(after)

    check()


def test_crossing_and_crossing_back_gives_the_same_flags():
    state = _open(3, (9_900, 9_500, 5_000))
    there = swap.quote_exact_in(state, 0, 1, 100_000 * WAD)
    back = swap.quote_exact_in(there.after, 1, 0, there.amount_out)
    assert there.crossings > 0
    assert there.after.interior != state.interior
    assert back.after.interior == state.interior
    assert back.crossings == there.crossings


def test_a_worthless_coin_leaves_the_others_tradable():
    state = _open(4, (9_900, 9_000, 0))
    step = 2**14 * WAD
    while step > WAD:  # sell as much of it as the pool takes at all
        try:
            state = swap.quote_exact_in(state, 0, 1, step).after
        except refusals.InsufficientLiquidity:
            step //= 2
    for other in (2, 3):
        state = swap.quote_exact_in(state, 1, other, state.real_reserves[other] // 100).after
    assert prices.price(state, 0, 2) < WAD // 4
    margin = prices.price(state, 2, 3)
    done = swap.quote_exact_in(state, 2, 3, 100 * WAD)
    assert 0.99 * margin * 100 < done.amount_out <= margin * 100


@pytest.mark.parametrize(
    ("i", "j", "amount", "code"),
    [
        (0, 0, 1, "invalid_token"),
        (0, 3, 1, "invalid_token"),
        (-1, 1, 1, "invalid_token"),
        (0, 1, 0, "invalid_amount"),
        (0, 1, -5, "invalid_amount"),
        (0, 1, 2**120, "invalid_amount"),
        (0, 1, 2**119, "insufficient_liquidity"),
    ],
)
def test_a_trade_that_is_none_has_a_code(i, j, amount, code):
    with pytest.raises(errors.OrbitalError) as refused:
        swap.quote_exact_in(_open(3, (9_900, 5_000)), i, j, amount)
    assert refused.value.code == code


def test_more_than_there_is_can_not_be_bought():
    state = _open(3, (9_900, 5_000))
    with pytest.raises(refusals.InsufficientLiquidity):
        swap.quote_exact_out(state, 0, 1, state.real_reserves[1] + 1)


def test_an_empty_pool_has_no_price():
    empty = liquidity.open_pool((tick.plane_of_price(2, WAD // 2),), (18, 18))
    with pytest.raises(refusals.InsufficientLiquidity):
        swap.quote_exact_in(empty, 0, 1, WAD)


def _open(n, prices_bps):
    planes = tuple(tick.plane_of_price(n, WAD * one // 10_000) for one in prices_bps)
    state = liquidity.open_pool(planes, (18,) * n)
    for index in range(len(planes)):
        state = liquidity.add(state, index, 10**6 * WAD).after
    return state
