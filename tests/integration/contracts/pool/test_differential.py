"""The contract pays what the formulas say, to the last unit, whatever the hint.

A failure names its seed; ORBITAL_SEED repeats it.
"""

import collections
import os
import random
import secrets

import pytest

from orbital.domain.orbital import liquidity, refusals, swap, tick
from orbital.domain.orbital import pool as engine

ROUNDS = 12
STEPS = 20


def random_amount(rng, pool, token):
    size = max(pool.model.radii) * 10 ** rng.uniform(-7, 0)
    return max(1, int(size) // pool.model.scales[token])


def agree(pool):
    state, model = pool.state(), pool.model
    assert list(state.reserves) == model.reserves
    assert list(state.radii) == model.radii
    assert list(state.interior) == model.interior
    assert list(pool.contract.call("realReserves")) == model.real


def trade(rng, lab, pool, done):
    model = pool.model
    i, j = rng.sample(range(pool.n), 2)
    amount = random_amount(rng, pool, i)
    out, before = model.quote(i, j, amount), model.interior
    if not model.is_reached(model.after(i, j, amount - model.fee(amount), 0)):
        return  # the input would lose its price: there the model's search, which starts at 0, finds nothing
    if not out:
        with pytest.raises(lab.Reverted) as refused:
            pool.swap(i, j, amount)
        assert refused.value.name in ("InsufficientLiquidity", "ZeroAmount")
        done["refused"] += 1
        return
    hint = rng.choice((0, out, out + 1, max(1, out - 1), out // 2, out * 3, lab.forever, 1))
    assert pool.out(i, j, amount, hint=hint) == out, (i, j, amount, hint)
    net = amount - model.fee(amount)
    assert model.is_good(model.after(i, j, net, out))
    assert not model.is_good(model.after(i, j, net, out + 1))
    model.swap(i, j, amount)
    done["swap"] += 1
    done["crossing"] += before != model.interior


def change(rng, lab, pool, done):
    model, tick = pool.model, rng.randrange(len(pool.model.planes))
    held = model.radii[tick]
    if held and rng.random() < 0.4:
        radius = -rng.choice((held, rng.randint(model.min_radius, held)))
        if 0 < held + radius < model.min_radius:
            return
    else:
        radius = int(max(model.radii or [lab.wad]) * 10 ** rng.uniform(-4, 0.5)) or lab.wad
        radius = max(radius, model.min_radius)
    moved = model.change(tick, radius)
    name = "add" if radius > 0 else "remove"
    if moved is None:
        with pytest.raises(lab.Reverted) as refused:
            pool.add(tick, radius)
        assert refused.value.name in ("InsufficientLiquidity", "StateRefused")
        done[f"refused {name}"] += 1
        return
    amounts = pool.add(tick, radius) if radius > 0 else pool.remove(tick, -radius)
    assert list(amounts) == [abs(amount) for amount in moved]
    done[name] += 1


def test_model_and_contract_agree(lab):
    seed = os.environ.get("ORBITAL_SEED") or secrets.token_hex(4)
    print(f"ORBITAL_SEED={seed}")
    done = collections.Counter()
    for number in range(ROUNDS):
        rng = random.Random(f"{seed}-{number}")
        pool = lab.random_pool(rng, fee_ppm=rng.choice((0, 0, 100, 3000)))
        agree(pool)
        for _ in range(STEPS):
            rng.choice((trade, trade, change))(rng, lab, pool, done)
            agree(pool)
    assert done["swap"] > done["refused"]


def test_a_tick_exactly_at_its_plane_is_boundary(lab):
    """The sum of the reserves moves slowly against the input, so an input that meets the plane exactly exists."""
    pool = lab.pool([18] * 3, [lab.plane_of(3, price) for price in (950_000, 500_000)])
    model, radius = pool.model, 10**24
    for where in range(2):
        pool.add(where, radius)
        model.change(where, radius)

    def total(amount):
        return sum(model.after(0, 1, amount, model.quote(0, 1, amount)))

    plane = 2 * model.level(0)
    low, high = 1, radius // 10
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if total(middle) < plane else (low, middle)
    met = [amount for amount in range(high, high + 5) if total(amount) == plane]
    assert met
    for amount in (low - 1, low, *met):
        before = lab.chain.evm.snapshot()
        out = pool.out(0, 1, amount)
        assert out == model.quote(0, 1, amount)
        assert pool.state().interior[0] == (amount <= low)
        lab.chain.evm.revert(before)


def engine_pool(model):
    ticks = [tick.Tick.on(plane, radius) for plane, radius in zip(model.planes, model.radii, strict=True)]
    return engine.make(ticks, model.reserves, model.decimals, model.fee_ppm)


def quoted(before, i, j, amount):
    try:
        return swap.quote_exact_in(before, i, j, amount).amount_out
    except (refusals.InvalidTrade, refusals.InsufficientLiquidity):
        return None


def paid(lab, pool, i, j, amount, hint):
    try:
        return pool.out(i, j, amount, hint=hint)
    except lab.Reverted:
        return None


def test_engine_and_contract_agree(lab):
    """On trades of any size, on states of any kind, on what liquidity brings and gets."""
    seed = os.environ.get("ORBITAL_SEED") or secrets.token_hex(4)
    print(f"ORBITAL_SEED={seed}")
    done = collections.Counter()
    for number in range(ROUNDS):
        rng = random.Random(f"{seed}-{number}")
        pool = lab.random_pool(rng, fee_ppm=rng.choice((0, 100, 3000)))
        for _ in range(STEPS):
            i, j = rng.sample(range(pool.n), 2)
            amount, before = random_amount(rng, pool, i), engine_pool(pool.model)
            out = quoted(before, i, j, amount)
            assert paid(lab, pool, i, j, amount, rng.choice((0, out or 0, lab.forever))) == out
            done[out is not None] += 1
            pool.model.real = list(pool.contract.call("realReserves"))
            where = rng.randrange(len(pool.model.planes))
            radius = max(pool.model.min_radius, int(max(pool.model.radii) * 10 ** rng.uniform(-4, 0.5)))
            try:
                expected = liquidity.add(engine_pool(pool.model), where, radius).amounts
            except (refusals.StateRefused, refusals.InsufficientLiquidity):
                continue
            assert pool.add(where, radius) == expected
            pool.model.radii, pool.model.real = list(pool.state().radii), list(pool.contract.call("realReserves"))
            if rng.random() < 0.5:
                expected = liquidity.remove(engine_pool(pool.model), where, radius).amounts
                assert pool.remove(where, radius) == expected
                pool.model.radii, pool.model.real = list(pool.state().radii), list(pool.contract.call("realReserves"))
    assert done[True] > done[False]
