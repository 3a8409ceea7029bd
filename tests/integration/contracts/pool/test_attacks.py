"""Hostile tokens, gifts, first deposits and the like move no money that is not theirs to move."""

import eth_utils
import pytest

WHOLE = 10**24
REENTERED = eth_utils.keccak(text="ReentrancyGuardReentrantCall()")[:4]


@pytest.fixture
def pool_of(lab):
    """Makes a filled pool of ordinary tokens and one hostile one, at index 1."""

    def make(artifact):
        tokens = [lab.token(18), lab.deploy(artifact), lab.token(6)]
        pool = lab.pool([18, 18, 6], [lab.plane_of(3, 990_000), lab.plane_of(3, 500_000)], 3000, tokens=tokens)
        for tick in range(2):
            pool.add(tick, WHOLE)
        return pool

    return make


def reentrant_calls(lab, pool):
    ann = lab.accounts["ann"]
    return {
        "swap": (0, 2, 10**18, 0, 0, ann, lab.forever),
        "addLiquidity": (0, WHOLE, [lab.forever] * 3, lab.forever),
        "removeLiquidity": (0, WHOLE, [0] * 3, ann, lab.forever),
        "collectFees": (0, ann),
    }


@pytest.mark.parametrize("name", ["swap", "addLiquidity", "removeLiquidity", "collectFees"])
def test_no_function_can_be_entered_from_a_token(lab, pool_of, name):
    pool = pool_of("ReentrantToken")
    token, calls = pool.tokens[1], reentrant_calls(lab, pool)
    pool.out(1, 0, 10**18)
    outer = {
        "swap into": lambda: pool.swap(1, 0, 10**18),
        "swap out of": lambda: pool.swap(0, 1, 10**18),
        "add": lambda: pool.add(1, WHOLE),
        "remove": lambda: pool.remove(1, WHOLE // 2),
        "collect": lambda: pool.collect(1),
    }
    for call in outer.values():
        token.send("arm", pool.contract.address, pool.contract.encode(name, *calls[name]))
        call()
        assert token.call("called")
        assert not token.call("succeeded")
        assert token.call("answer") == REENTERED


@pytest.mark.parametrize("on_top", [False, True])
def test_a_token_that_takes_a_fee_is_refused(lab, pool_of, on_top):
    pool = pool_of("FeeToken")
    pool.out(1, 0, 10**18)
    pool.tokens[1].send("setFee", 1, on_top)
    before = pool.balances()
    # What the sender pays on top is no matter of the pool's: it gets its amount.
    refused = (
        [lambda: pool.swap(0, 1, 10**18), lambda: pool.remove(0, WHOLE), lambda: pool.collect(0)]
        if on_top
        else [lambda: pool.swap(1, 0, 10**18), lambda: pool.add(0, WHOLE)]
    )
    for call in refused:
        with pytest.raises(lab.Reverted) as caught:
            call()
        assert caught.value.name == "InexactTransfer"
    assert pool.balances() == before
    pool.tokens[1].send("setFee", 0, False)  # noqa: FBT003
    pool.remove(0, WHOLE)


def test_tokens_without_return_value_work_and_silent_ones_are_refused(lab, pool_of):
    pool = pool_of("NoReturnToken")
    assert pool.out(1, 0, 10**18) > 0
    assert pool.out(0, 1, 10**18) > 0
    pool.tokens[1].send("setSilent", True)  # noqa: FBT003
    for call in (lambda: pool.swap(1, 0, 10**18), lambda: pool.swap(0, 1, 10**18), lambda: pool.add(0, WHOLE)):
        with pytest.raises(lab.Reverted) as caught:
            call()
        assert caught.value.name == "InexactTransfer"


def test_the_pool_pays_nobody_by_paying_itself(lab, pool_of):
    pool = pool_of("FeeToken")
    for call in (
        lambda: pool.swap(0, 1, 10**18, to=pool.contract.address),
        lambda: pool.contract.send(
            "removeLiquidity", 0, WHOLE, [0] * 3, pool.contract.address, lab.forever, sender=lab.accounts["ann"]
        ),
    ):
        with pytest.raises(lab.Reverted) as caught:
            call()
        assert caught.value.name == "InexactTransfer"


def test_gifts_change_nothing_and_stay(lab):
    pool = lab.pool([18, 6], [lab.plane_of(2, 900_000)], 100)
    pool.tokens[0].send("transfer", pool.contract.address, 10**30, sender=lab.accounts["eve"])
    before = pool.balances("ann")
    amounts = pool.add(0, WHOLE)
    assert list(amounts) == pool.model.change(0, WHOLE)
    pool.tokens[1].send("transfer", pool.contract.address, 10**20, sender=lab.accounts["eve"])
    assert list(pool.state().reserves) == pool.model.reserves
    assert pool.out(0, 1, 10**18) == pool.model.swap(0, 1, 10**18)
    pool.out(1, 0, 10**6)
    pool.remove(0, WHOLE)
    pool.collect(0)
    dust = [balance - gift for balance, gift in zip(pool.balances(), (10**30, 10**20), strict=True)]
    assert dust in ([1, 0], [1, 1], [0, 1], [0, 0])  # the roundings of two fees
    assert pool.balances("ann") == [had - lost for had, lost in zip(before, dust, strict=True)]


def test_a_first_depositor_takes_nothing_from_the_second(lab):
    """The classic: the smallest first deposit, a gift to inflate its share, the victim's deposit, and out."""
    pool = lab.pool([18, 6, 8], [lab.plane_of(3, 990_000), lab.plane_of(3, 500_000)])
    eve, ann = pool.balances("eve"), pool.balances("ann")
    pool.add(1, 10**18, by="eve")
    for token in pool.tokens:
        token.send("transfer", pool.contract.address, 10**12, sender=lab.accounts["eve"])
    pool.add(1, WHOLE, by="ann")
    pool.remove(1, 10**18, by="eve")
    assert all(now < then for now, then in zip(pool.balances("eve"), eve, strict=True))
    pool.remove(1, WHOLE, by="ann")
    assert all(then - now <= 2 for now, then in zip(pool.balances("ann"), ann, strict=True))


def test_everybody_can_leave_when_all_ticks_are_at_their_planes(lab):
    """The provider of the last interior tick goes first; the others trade no more, but leave, the last with all."""
    pool = lab.pool([18, 6, 8], [lab.plane_of(3, price) for price in (999_000, 990_000, 500_000)], 100)
    for tick, who in enumerate(("ann", "bob", "eve")):
        pool.add(tick, WHOLE, by=who)
        pool.model.change(tick, WHOLE)
    amount = next(
        amount
        for amount in range(10**23, 10**26, 10**23)
        if pool.model.quote(0, 1, amount) is not None
        and len(pool.model.boundary(pool.model.after(0, 1, amount, pool.model.quote(0, 1, amount)))) == 2
    )
    crossing = pool.swap(0, 1, amount, by="tom")
    assert crossing.event("Swap")["amountOut"] == pool.model.swap(0, 1, amount)
    names = [name for name, _ in crossing.events if name in ("Swap", "TickCrossed")]
    assert names == ["Swap", "TickCrossed", "TickCrossed"]
    assert list(pool.remove(2, WHOLE, by="eve")) == [-moved for moved in pool.model.change(2, -WHOLE)]
    assert list(pool.state().interior) == [False, False, True]
    for tick in range(3):
        with pytest.raises(lab.Reverted) as caught:
            pool.add(tick, WHOLE, by="tom")
        assert caught.value.name == "InsufficientLiquidity"
    with pytest.raises(lab.Reverted) as caught:
        pool.swap(0, 1, 10**18, by="tom")
    assert caught.value.name == "InsufficientLiquidity"
    assert list(pool.remove(0, WHOLE, by="ann")) == [-moved for moved in pool.model.change(0, -WHOLE)]
    real = pool.contract.call("realReserves")
    assert pool.remove(1, WHOLE, by="bob") == real
    assert set(pool.state().reserves) == {0}
    assert list(pool.state().interior) == [True] * 3
    assert list(pool.add(0, WHOLE)) == pool.lab.Model(pool.model.planes, [18, 6, 8], 100).change(0, WHOLE)


def test_a_pool_at_all_its_planes_trades_back(lab):
    pool = lab.pool([18, 18], [lab.plane_of(2, 990_000), lab.plane_of(2, 500_000)], 3000)
    for tick in range(2):
        pool.add(tick, WHOLE)
        pool.model.change(tick, WHOLE)
    assert pool.out(0, 1, WHOLE // 4) == pool.model.swap(0, 1, WHOLE // 4)
    pool.remove(1, WHOLE)
    pool.model.change(1, -WHOLE)
    assert list(pool.state().interior) == [False, True]
    back = pool.swap(1, 0, 10**20)
    assert back.event("Swap")["amountOut"] == pool.model.swap(1, 0, 10**20)
    assert back.event("TickCrossed") == {"tickId": 0, "interior": True}
    # Nobody was interior before it: its fee went to the tick at the plane.
    assert pool.contract.call("feesOf", lab.accounts["ann"], 0)[1] in (10**20 * 3 // 1000 - 1, 10**20 * 3 // 1000)


def test_liquidity_comes_to_and_goes_from_ticks_at_their_planes(lab):
    pool = lab.pool([18, 6, 8], [lab.plane_of(3, price) for price in (999_000, 990_000, 500_000)])
    for tick in (1, 2):
        pool.add(tick, WHOLE)
        pool.model.change(tick, WHOLE)
    amount = 10**23
    while pool.model.interior[1]:
        assert pool.out(0, 1, amount) == pool.model.swap(0, 1, amount)
    assert list(pool.state().interior) == [True, False, True]
    for tick in (0, 1, 2):
        added = pool.contract.send(
            "addLiquidity", tick, WHOLE, [lab.forever] * 3, lab.forever, sender=lab.accounts["bob"]
        )
        assert list(added.event("LiquidityAdded")["amounts"]) == pool.model.change(tick, WHOLE)
        # An empty tick whose plane has been passed begins at its plane, and says so.
        assert added.has("TickCrossed") == (tick == 0)
        assert list(pool.state().interior) == pool.model.interior
    assert pool.out(1, 0, 10**9) == pool.model.swap(1, 0, 10**9)
    for tick in (0, 1, 2):
        assert list(pool.remove(tick, WHOLE, by="bob")) == [-moved for moved in pool.model.change(tick, -WHOLE)]
        assert list(pool.state().interior) == pool.model.interior


def test_a_coin_that_fell_to_nothing_leaves_the_others_tradable(lab):
    pool = lab.pool([18, 18, 6], [lab.plane_of(3, 990_000), 2 * lab.wad])
    for tick in range(2):
        pool.add(tick, WHOLE)
        pool.model.change(tick, WHOLE)
    while (out := pool.model.quote(0, 1, WHOLE // 50)) and out > WHOLE // 5000:
        assert pool.out(0, 1, WHOLE // 50) == pool.model.swap(0, 1, WHOLE // 50)
    for i, j, amount in ((1, 2, 10**20), (2, 1, 10**8), (1, 0, 10**18), (2, 0, 10**6)):
        assert pool.out(i, j, amount) == pool.model.swap(i, j, amount)
