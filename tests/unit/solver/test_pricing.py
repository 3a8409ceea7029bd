"""What the reference solver offers."""

import dataclasses

import pytest

from orbital.domain import quotes
from orbital.domain.intent import Intent
from orbital.domain.network import Chain, Network, Token
from orbital.domain.orbital import liquidity, swap, tick
from orbital.solver import pricing

TOKENS = {
    "usdc": Token(1, b"\x01" * 20, "USDC", "USD Coin", 6, "usdc"),
    "weth": Token(1, b"\x02" * 20, "WETH", "Ether", 18, "eth"),
    "dai": Token(10, b"\x03" * 20, "DAI", "Dai", 18, "dai"),
    "usdt": Token(10, b"\x04" * 20, "USDT", "Tether", 6, "usdt"),
    "eth": Token(10, b"\x05" * 20, "ETH", "Ether", 18, "eth"),
}


def make_network() -> Network:
    def chain(chain_id: int) -> Chain:
        tokens = tuple(token for token in TOKENS.values() if token.chain_id == chain_id)
        return Chain(chain_id, "c", chain_id, b"\0" * 20, b"\0" * 20, 0, "latest", 120, tokens)

    return Network({1: chain(1), 10: chain(10)}, 1, b"\0" * 20, b"\0" * 20, 30, 1)


def make_intent(given: str, wanted: str, amount: int, minimum: int = 1) -> Intent:
    return Intent(
        b"\x06" * 20, b"\x06" * 20, 1, 10, TOKENS[given].address, amount, TOKENS[wanted].address, minimum, 0, 0, 0,
        b"\0" * 20,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "wanted", "amount", "fee_bps", "expected"),
    [
        ("usdc", "usdt", 1_000_000, 0, 1_000_000),
        ("usdc", "usdt", 1_000_000, 2, 999_800),
        ("usdc", "dai", 1_000_000, 2, 999_800 * 10**12),
        ("weth", "eth", 10**18, 10, 999 * 10**15),
        ("usdc", "usdt", 9_999, 1, 9_998),
        ("usdc", "eth", 1_000_000, 2, None),
        ("weth", "dai", 10**18, 2, None),
    ],
)
def test_price_is_par_less_the_fee_rounded_down(
    given: str, wanted: str, amount: int, fee_bps: int, expected: int | None
) -> None:
    assert pricing.price(make_intent(given, wanted, amount), make_network(), {}, fee_bps) == expected


def test_nothing_is_offered_below_the_minimum() -> None:
    network = make_network()
    assert pricing.price(make_intent("usdc", "usdt", 1_000_000, 999_800), network, {}, 2) == 999_800
    assert pricing.price(make_intent("usdc", "usdt", 1_000_000, 999_801), network, {}, 2) is None


def make_market(radius: int = 10**24) -> dict[int, tuple[quotes.Market, ...]]:
    """A pool of 6 and 18 decimals on chain 10, at par but for 1,000 of the first that were sold to it."""
    engine = liquidity.add(liquidity.open_pool((tick.plane_of_price(2, 9 * 10**17),), (6, 18), 100), 0, radius).after
    engine = swap.quote_exact_in(engine, 0, 1, 10**9).after
    return {10: (quotes.Market(10, b"\x09" * 20, (TOKENS["usdt"].address, TOKENS["dai"].address), engine),)}


def test_where_a_pool_knows_both_coins_its_price_counts() -> None:
    network = make_network()
    usdc = Token(10, b"\x07" * 20, "USDC", "USD Coin", 6, "usdc")
    known = dataclasses.replace(network.chains[10], tokens=(*network.chains[10].tokens, usdc))
    network = dataclasses.replace(network, chains={**network.chains, 10: known})
    (market,) = make_market()[10]
    markets = {10: (dataclasses.replace(market, tokens=(usdc.address, TOKENS["dai"].address)),)}
    paid = swap.quote_exact_in(market.pool, 0, 1, 10**8).amount_out
    offered = pricing.price(make_intent("usdc", "dai", 10**8), network, markets, 2)
    assert offered == paid * 9_998 // 10_000
    assert offered < 10**20 * 9_998 // 10_000
    assert pricing.price(make_intent("usdc", "dai", 10**14), network, markets, 2) is None


def test_a_pool_that_does_not_know_both_coins_leaves_it_at_par() -> None:
    assert pricing.price(make_intent("usdc", "dai", 10**6), make_network(), make_market(), 0) == 10**18


def test_unknown_tokens_have_no_price() -> None:
    intent = make_intent("usdc", "usdt", 1_000_000)
    elsewhere = Network({}, 1, b"\0" * 20, b"\0" * 20, 30, 1)
    assert pricing.price(intent, elsewhere, {}, 2) is None
