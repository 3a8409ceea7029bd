"""A quote takes the best way there is, and each hop is the engine's own swap."""

import pytest

from orbital.domain import quotes
from orbital.domain.errors import Rejected
from orbital.domain.network import Chain, Network, Token
from orbital.domain.orbital import liquidity, prices, swap, tick

NOBODY = b"\0" * 20


def coin(chain_id: int, number: int, asset: str, decimals: int) -> Token:
    return Token(chain_id, bytes((chain_id, number)) * 10, asset.upper(), asset, decimals, asset)


A_USDC, A_DAI, A_EURC = coin(1, 1, "usdc", 6), coin(1, 2, "dai", 18), coin(1, 3, "eurc", 6)
B_USDC, B_DAI, B_FRAX = coin(2, 1, "usdc", 18), coin(2, 2, "dai", 18), coin(2, 4, "frax", 18)


def chain(*tokens: Token) -> Chain:
    return Chain(tokens[0].chain_id, "c", 1, NOBODY, NOBODY, 0, "latest", 120, tokens)


NETWORK = Network({1: chain(A_USDC, A_DAI, A_EURC), 2: chain(B_USDC, B_DAI, B_FRAX)}, 1, NOBODY, NOBODY, 30, 1)


def market(*tokens: Token, radius: int = 10**25, fee_ppm: int = 500) -> quotes.Market:
    plane = tick.plane_of_price(len(tokens), 9 * 10**17)
    empty = liquidity.open_pool((plane,), tuple(one.decimals for one in tokens), fee_ppm)
    return quotes.Market(
        tokens[0].chain_id, b"\x0f" * 20, tuple(one.address for one in tokens), liquidity.add(empty, 0, radius).after
    )


def test_one_asset_goes_across_at_par_in_the_other_token_s_units():
    found = quotes.quote(NETWORK, {}, A_USDC, B_USDC, 1_234_567)
    assert found == quotes.Quote(1_234_567 * 10**12, (), 0, 0)
    assert quotes.quote(NETWORK, {}, B_USDC, A_USDC, 10**12 * 5 + 7).output_amount == 5


def test_a_hop_is_the_engine_s_swap():
    here = market(A_USDC, A_DAI)
    found = quotes.quote(NETWORK, {1: (here,)}, A_USDC, A_DAI, 10**10)
    done = swap.quote_exact_in(here.pool, 0, 1, 10**10)
    assert found.hops == (quotes.Hop(here, A_USDC, A_DAI, 10**10, done.amount_out, done.fee, prices.impact_bps(done)),)
    assert (found.output_amount, found.fee) == (done.amount_out, done.fee)


def test_the_pool_that_pays_more_is_taken():
    deep, shallow = market(A_USDC, A_DAI), market(B_USDC, B_DAI, radius=10**23)
    found = quotes.quote(NETWORK, {1: (deep,), 2: (shallow,)}, A_USDC, B_DAI, 10**9)
    assert [hop.market for hop in found.hops] == [deep]
    found = quotes.quote(NETWORK, {1: (deep,), 2: (market(B_USDC, B_DAI, fee_ppm=1),)}, A_USDC, B_DAI, 10**9)
    assert [hop.market.chain_id for hop in found.hops] == [2]
    assert found.fee == 1000  # 1 ppm of 10^9, in units of the input token although it was taken on the other chain


def test_where_no_pool_knows_both_a_third_asset_is_between():
    first, second = market(A_EURC, A_USDC), market(B_USDC, B_FRAX)
    found = quotes.quote(NETWORK, {1: (first,), 2: (second,)}, A_EURC, B_FRAX, 10**8)
    assert [(hop.token_in, hop.token_out) for hop in found.hops] == [(A_EURC, A_USDC), (B_USDC, B_FRAX)]
    there, back = found.hops
    assert back.amount_in == there.amount_out * 10**12
    assert found.output_amount == back.amount_out
    assert found.fee == there.fee + -(-back.fee // 10**12)


@pytest.mark.parametrize(
    ("given", "wanted", "amount", "code"),
    [
        (A_USDC, A_USDC, 10**6, "unsupported_token"),
        (A_USDC, A_DAI, 0, "invalid_amount"),
        (A_DAI, A_USDC, 10, "invalid_amount"),
        (B_USDC, A_USDC, 10, "invalid_amount"),
        (A_USDC, B_USDC, 2**256 - 1, "invalid_amount"),
        (A_USDC, A_DAI, 10**14, "insufficient_liquidity"),
        (A_USDC, B_FRAX, 10**6, "insufficient_liquidity"),
    ],
)
def test_what_has_no_quote_is_rejected_by_its_code(given, wanted, amount, code):
    with pytest.raises(Rejected) as caught:
        quotes.quote(NETWORK, {1: (market(A_USDC, A_DAI),)}, given, wanted, amount)
    assert caught.value.code == code
