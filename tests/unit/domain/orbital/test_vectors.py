"""The engine against swaps that an independent solver has worked out to 40 digits."""

import json
import math
import pathlib
from fractions import Fraction

import pytest

from orbital.domain.orbital import pool, prices, swap, tick

WAD = 10**18
VECTORS = json.loads((pathlib.Path(__file__).parents[3] / "data/orbital_vectors.json").read_text())


def floor_wad(text):
    return math.floor(Fraction(text) * WAD)


def pool_of(vector):
    n = vector["n"]
    ticks = [
        tick.Tick.at(floor_wad(one["radius"]), math.isqrt(math.floor(n * (Fraction(one["k"]) * WAD) ** 2)))
        for one in vector["ticks"]
    ]
    return pool.make(ticks, [floor_wad(one) for one in vector["reserves"]])


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_a_swap_is_exact_and_never_above(vector):
    before, exact = pool_of(vector), Fraction(vector["amount_out"]) * WAD
    done = swap.quote_exact_in(before, vector["token_in"], vector["token_out"], floor_wad(vector["amount_in"]))
    assert done.amount_out <= exact
    assert (exact - done.amount_out) / exact < Fraction(1, 10**15)
    assert [not inside for inside in before.interior] == vector["boundary_before"]
    assert [not inside for inside in done.after.interior] == vector["boundary_after"]
    assert done.crossings == sum(vector["boundary_before"]) - sum(vector["boundary_after"]) or done.crossings > 0


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_the_price_after_is_the_vectors(vector):
    i, j = vector["token_in"], vector["token_out"]
    done = swap.quote_exact_in(pool_of(vector), i, j, floor_wad(vector["amount_in"]))
    wanted = Fraction(vector["price_out_in_after"])
    assert abs(Fraction(prices.price(done.after, i, j), WAD) - wanted) < wanted / 10**14


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_exact_out_finds_the_vectors_input(vector):
    i, j, amount = vector["token_in"], vector["token_out"], floor_wad(vector["amount_in"])
    before = pool_of(vector)
    wanted = swap.quote_exact_in(before, i, j, amount).amount_out
    found = swap.quote_exact_out(before, i, j, wanted)
    assert found.amount_out >= wanted
    assert amount - 10 <= found.amount_in <= amount
