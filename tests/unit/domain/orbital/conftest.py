"""Random pools that have been traded, for what holds in all of them."""

import dataclasses
import os

import pytest
from hypothesis import settings
from hypothesis import strategies as st

from orbital.domain import errors
from orbital.domain.orbital import liquidity, pool, swap, tick

WAD = 10**18
PRICES = tuple(WAD * one // 10_000 for one in (9999, 9990, 9950, 9900, 9500, 9000, 7000, 5000, 2000, 500, 0))
TOKENS = (2, 2, 3, 3, 4, 5, 8, 10, 16, 64, 300, 1_000, 10_000)
COARSE_TOKENS_MAX = 300
"""With more of them the least deposit at par of a narrow tick is below what coarse units can say."""

settings.register_profile("orbital", max_examples=int(os.environ.get("ORBITAL_EXAMPLES", "40")), deadline=None)


@dataclasses.dataclass(frozen=True, repr=False)
class Case:
    """A pool and a trade against it."""

    pool: pool.Pool
    token_in: int
    token_out: int
    amount_in: int

    def __repr__(self) -> str:
        pool_, trade = self.pool, (self.token_in, self.token_out, self.amount_in)
        return (
            f"Case({trade}, {list(pool_.reserves)[:16]}, {pool_.ladder.ticks}, {pool_.decimals[:16]}, {pool_.fee_ppm})"
        )

    def quote(self, amount_in: int | None = None):
        amount_in = self.amount_in if amount_in is None else amount_in
        return swap.quote_exact_in(self.pool, self.token_in, self.token_out, amount_in)

    def slack(self) -> int:
        """Units of the input token by which the pool could have less and be good: deposits round up."""
        scale, reserves = self.pool.scale(self.token_in), list(self.pool.reserves)
        low, high = 0, self.pool.real_reserves[self.token_in] // scale + 1
        while high - low > 1:
            middle = (low + high) // 2
            reserves[self.token_in] = self.pool.reserves[self.token_in] - middle * scale
            less = pool.on(self.pool.ladder, reserves, self.pool.decimals, 0)
            low, high = (middle, high) if pool.is_good(less) else (low, middle)
        return low

    def is_good_without(self, done, more: int) -> bool:
        """Whether the state is good when `more` units of output leave than the swap pays."""
        return pool.is_good(dataclasses.replace(done, amount_out=done.amount_out + more).after)


def amounts_of(state, token):
    """From dust to a good part of the pool, log-uniform."""
    most = max(10**6, 2 * sum(one.radius for one in state.ladder.ticks)) // state.scale(token)
    return st.integers(0, most.bit_length() - 1).flatmap(lambda bits: st.integers(2**bits, 2 ** (bits + 1)))


@st.composite
def pools(draw, tokens=TOKENS, fees=(0, 0, 100, 3_000), decimals=(6, 8, 18, 18)):
    n = draw(st.sampled_from(tokens))
    prices = sorted(draw(st.sets(st.sampled_from(PRICES), min_size=1, max_size=5)), reverse=True)
    planes = sorted({tick.plane_of_price(n, price) for price in prices})
    decimals = decimals if n <= COARSE_TOKENS_MAX else (18,)
    units = draw(st.lists(st.sampled_from(decimals), min_size=min(n, 16), max_size=min(n, 16)))
    state = liquidity.open_pool(tuple(planes), tuple((units * n)[:n]), draw(st.sampled_from(fees)))
    exponent = draw(st.integers(24, 29))
    for index in draw(st.permutations(range(len(planes)))):
        radius = draw(st.integers(1, 99)) * 10**exponent
        state = liquidity.add(state, index, radius).after
    for _ in range(draw(st.integers(0, 3))):
        i, j = draw(pairs(n))
        try:
            state = swap.quote_exact_in(state, i, j, draw(amounts_of(state, i))).after
        except errors.OrbitalError:
            continue
    return state


def pairs(n):
    """Two different tokens."""
    return st.tuples(st.integers(0, n - 1), st.integers(1, n - 1)).map(lambda pair: (pair[0], sum(pair) % n))


@st.composite
def cases(draw, **chosen):
    """A pool and a trade that it takes."""
    state = draw(pools(**chosen))
    i, j = draw(pairs(state.n))
    case = Case(state, i, j, draw(amounts_of(state, i)))
    try:
        case.quote()
    except errors.OrbitalError:
        case = dataclasses.replace(case, amount_in=max(2, WAD // 1_000 // state.scale(i)))
    return case


@dataclasses.dataclass(frozen=True)
class Lab:
    """What the tests of the engine share."""

    cases = staticmethod(cases)
    pools = staticmethod(pools)
    pairs = staticmethod(pairs)
    profile = settings.get_profile("orbital")


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()
