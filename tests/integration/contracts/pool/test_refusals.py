"""What the pool refuses, each with its error, and what it takes though it looks odd."""

import contextlib

import pytest

WHOLE = 10**24


@pytest.fixture
def pool(lab):
    """Three tokens of 6, 8 and 18 decimals, three ticks, all filled."""
    made = lab.pool([6, 8, 18], [lab.plane_of(3, price) for price in (999_000, 950_000, 500_000)], 100)
    for tick in range(3):
        made.add(tick, WHOLE)
        made.model.change(tick, WHOLE)
    return made


@pytest.fixture
def refuses(lab):
    @contextlib.contextmanager
    def refused(name, *values):  # noqa: ANN002
        with pytest.raises(lab.Reverted) as caught:
            yield
        assert caught.value.name == name
        assert not values or caught.value.values == values

    return refused


def test_a_pool_has_2_to_16_tokens(lab, refuses):
    tokens = [lab.token(18) for _ in range(17)]
    for count in (0, 1, 17):
        addresses = [token.address for token in tokens[:count]]
        with refuses("InvalidConfiguration"):
            lab.deploy("OrbitalPool", addresses, [lab.plane_of(max(2, count), 900_000)], 0)
    for count in (2, 16):
        assert lab.pool([18] * count, [lab.plane_of(count, 900_000)], tokens=tokens[:count]).n == count


def test_a_pool_has_1_to_32_planes(lab, refuses):
    least = lab.plane_of(3, 999_900)
    for count in (0, 33):
        with refuses("InvalidConfiguration"):
            lab.pool([18] * 3, [least + 10**6 * i for i in range(count)])
    planes = [*(least + 10**6 * i for i in range(31)), lab.plane_of(3, 500_000)]
    pool = lab.pool([18] * 3, planes)
    assert pool.contract.call("planes") == tuple(planes)
    for tick in (31, 0, 17):
        pool.add(tick, WHOLE)
        pool.model.change(tick, WHOLE)
    for amount in (10**19, 10**20):
        assert pool.out(0, 1, amount) == pool.model.swap(0, 1, amount)
        assert list(pool.state().interior) == pool.model.interior


@pytest.mark.parametrize("n", [2, 3, 16])
def test_planes_reach_from_the_narrowest_depeg_price_to_the_last_positive_reserve(lab, refuses, n):
    least, most = lab.plane_of(n, 999_900), (n - 1) * lab.wad
    for wrong in (0, least - 1, most + 1, n * lab.wad, n * lab.wad + 1, 2**64, 2**256 - 1):
        with refuses("InvalidPlane", 0, wrong):
            lab.pool([18] * n, [wrong])
    assert lab.pool([18] * n, [least, most]).contract.call("planes") == (least, most)


@pytest.mark.parametrize("step", [0, 1, 10**6 - 1, -(10**6)])
def test_planes_ascend(lab, refuses, step):
    first = lab.plane_of(3, 900_000)
    with refuses("InvalidPlane", 1, first + step):
        lab.pool([18] * 3, [first, first + step])


def test_the_fee_is_at_most_a_tenth(lab, refuses):
    with refuses("InvalidConfiguration"):
        lab.pool([18] * 2, [lab.plane_of(2, 900_000)], 100_001)
    assert lab.pool([18] * 2, [lab.plane_of(2, 900_000)], 100_000).contract.call("feePpm") == 100_000


def test_tokens_have_code_at_most_18_decimals_and_come_once(lab, refuses):
    planes, token, fine = [lab.plane_of(2, 900_000)], lab.token(18), lab.token(19)
    with refuses("DuplicateToken", token.address):
        lab.deploy("OrbitalPool", [token.address] * 2, planes, 0)
    with refuses("InvalidDecimals", fine.address, 19):
        lab.deploy("OrbitalPool", [token.address, fine.address], planes, 0)
    with refuses("TokenWithoutCode", lab.accounts["eve"]):
        lab.deploy("OrbitalPool", [lab.accounts["eve"], token.address], planes, 0)


def test_nothing_can_be_traded_in_an_empty_pool(lab, refuses):
    pool = lab.pool([18] * 2, [lab.plane_of(2, 900_000)], 100)
    with refuses("InsufficientLiquidity"):
        pool.swap(0, 1, 10**18)
    with refuses("InsufficientRadius", 0, 10**18):
        pool.remove(0, 10**18)
    with refuses("ZeroAmount"):
        pool.collect(0)


@pytest.mark.parametrize("hint", [0, 1, 2**256 - 1])
def test_swaps_that_move_nothing_are_refused(pool, refuses, hint):
    pool.swap(2, 0, 10**18)  # takes what the roundings of the deposits left
    for i, j, amount in ((0, 1, 0), (0, 1, 1), (2, 0, 1), (2, 0, 10**11)):
        with refuses("ZeroAmount"):
            pool.swap(i, j, amount, hint=hint)


def test_tokens_and_ticks_are_known_ones(pool, refuses):
    for i, j, wrong in ((3, 1, 3), (0, 3, 3), (1, 1, 1), (2**256 - 1, 0, 2**256 - 1), (0, 2**256 - 1, 2**256 - 1)):
        with refuses("InvalidToken", wrong):
            pool.swap(i, j, 10**18)
    for tick in (3, 2**256 - 1):
        for call in (pool.add, pool.remove):
            with refuses("InvalidTick", tick):
                call(tick, WHOLE)
        with refuses("InvalidTick", tick):
            pool.collect(tick)


def test_deadlines_are_inclusive(pool, lab, refuses):
    now, ann = lab.chain.now, lab.accounts["ann"]
    calls = (
        ("swap", lambda deadline: (0, 1, 10**9, 0, 0, ann, deadline)),
        ("addLiquidity", lambda deadline: (0, WHOLE, [lab.forever] * 3, deadline)),
        ("removeLiquidity", lambda deadline: (0, WHOLE, [0] * 3, ann, deadline)),
    )
    for name, arguments in calls:
        with refuses("DeadlinePassed", now - 1):
            pool.contract.send(name, *arguments(now - 1), sender=ann)
        pool.contract.send(name, *arguments(now), sender=ann)


def test_bounds_of_the_caller_hold(pool, lab, refuses):
    out = pool.model.quote(0, 1, 10**9)
    with refuses("BoundExceeded", 1, out, out + 1):
        pool.swap(0, 1, 10**9, least=out + 1)
    assert pool.out(0, 1, 10**9, least=out) == out == pool.model.swap(0, 1, 10**9)
    ann, need = lab.accounts["ann"], pool.model.shares(1, WHOLE)
    for token in range(3):
        most = [amount - (k == token) for k, amount in enumerate(need)]
        with refuses("BoundExceeded", token, need[token], most[token]):
            pool.contract.send("addLiquidity", 1, WHOLE, most, lab.forever, sender=ann)
    pool.contract.send("addLiquidity", 1, WHOLE, need, lab.forever, sender=ann)
    pool.model.change(1, WHOLE)
    paid = [-amount for amount in pool.model.shares(1, -WHOLE)]
    for token in range(3):
        least = [amount + (k == token) for k, amount in enumerate(paid)]
        with refuses("BoundExceeded", token, paid[token], least[token]):
            pool.contract.send("removeLiquidity", 1, WHOLE, least, ann, lab.forever, sender=ann)
    pool.contract.send("removeLiquidity", 1, WHOLE, paid, ann, lab.forever, sender=ann)


@pytest.mark.parametrize("count", [0, 2, 4])
def test_there_is_one_bound_a_token(pool, lab, refuses, count):
    ann = lab.accounts["ann"]
    with refuses("InvalidBounds", count):
        pool.contract.send("addLiquidity", 0, WHOLE, [lab.forever] * count, lab.forever, sender=ann)
    with refuses("InvalidBounds", count):
        pool.contract.send("removeLiquidity", 0, WHOLE, [0] * count, ann, lab.forever, sender=ann)


def test_numbers_stay_below_2_to_the_120(pool, lab, refuses):
    for amount in (2**120, 2**256 - 1, 2**110):
        with refuses("AmountTooLarge"):
            pool.swap(0, 1, amount)
    for radius in (2**120, 2**256 - 1, 2**120 - 3 * WHOLE):
        with refuses("AmountTooLarge"):
            pool.add(0, radius)


def test_positions_are_not_smaller_than_a_unit_can_be_seen_in(pool, refuses):
    least = pool.contract.call("minRadius")
    assert least == 10**18
    for radius in (0, 1, least - 1):
        with refuses("RadiusTooSmall", radius):
            pool.add(0, radius)
        with refuses("RadiusTooSmall", radius):
            pool.remove(0, radius)
    with refuses("RadiusTooSmall", least - 1):
        pool.remove(0, WHOLE - least + 1)
    pool.add(0, least, by="bob")
    pool.remove(0, WHOLE - least)
    assert pool.contract.call("positionOf", pool.lab.accounts["ann"], 0) == least


def test_nobody_takes_what_is_anothers(pool, lab, refuses):
    pool.out(0, 1, 10**10, by="bob")
    with refuses("InsufficientRadius", 0, WHOLE):
        pool.remove(0, WHOLE, by="eve")
    with refuses("InsufficientRadius", WHOLE, WHOLE + 1):
        pool.remove(0, WHOLE + 1)
    with refuses("ZeroAmount"):
        pool.collect(0, by="eve")


def test_a_trade_that_leaves_no_interior_tick_is_refused(pool, refuses):
    for hint in (0, 1, 10**18, 2**256 - 1):
        with refuses("InsufficientLiquidity"):
            pool.swap(0, 1, 3 * 10**12 // 2 * 4, hint=hint)
    assert pool.model.quote(0, 1, 3 * 10**12 // 2 * 4) is None


def test_a_first_deposit_too_small_for_its_plane_is_refused(lab, refuses):
    pool = lab.pool([6] * 16, [lab.plane_of(16, 999_900)])
    assert pool.model.change(0, 10**18) is None
    with refuses("StateRefused"):
        pool.add(0, 10**18)
    pool.add(0, 10**24)
