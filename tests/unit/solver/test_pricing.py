"""What the reference solver offers."""

import pytest

from orbital.domain.intent import Intent
from orbital.domain.network import Chain, Network, Token
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
    assert pricing.price(make_intent(given, wanted, amount), make_network(), fee_bps) == expected


def test_nothing_is_offered_below_the_minimum() -> None:
    network = make_network()
    assert pricing.price(make_intent("usdc", "usdt", 1_000_000, 999_800), network, 2) == 999_800
    assert pricing.price(make_intent("usdc", "usdt", 1_000_000, 999_801), network, 2) is None


def test_unknown_tokens_have_no_price() -> None:
    intent = make_intent("usdc", "usdt", 1_000_000)
    elsewhere = Network({}, 1, b"\0" * 20, b"\0" * 20, 30, 1)
    assert pricing.price(intent, elsewhere, 2) is None
