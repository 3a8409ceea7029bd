"""What the reference solver offers: what the pools pay for the trade, less its fee; the same coin at par.

A solver is paid one coin and delivers another, so it offers what it could get for the one it is paid. Where no pool
knows both coins, any two of the dollar coins are worth the same to it. Everything in integers, rounded down: it never
promises a fraction that it would not be paid.
"""

from typing import Final

from orbital.domain import quotes
from orbital.domain.errors import Rejected
from orbital.domain.intent import Intent
from orbital.domain.network import Network, Token
from orbital.domain.types import Address, Amount, ChainId

DOLLARS: Final = frozenset({"usdc", "usdt", "dai", "frax"})
BPS: Final = 10_000


def price(intent: Intent, network: Network, markets: quotes.Markets, fee_bps: int) -> Amount | None:
    """The output that can be offered in base units; None when it is no pair of ours or below the user's minimum."""
    given = find_token(network, intent.origin_chain_id, intent.input_token)
    wanted = find_token(network, intent.destination_chain_id, intent.output_token)
    if given is None or wanted is None:
        return None
    worth = _worth(network, markets, given, wanted, intent.input_amount)
    if worth is None:
        return None
    numerator, denominator = worth
    offered = Amount(numerator * (BPS - fee_bps) // (denominator * BPS))
    return offered if offered >= intent.min_output_amount else None


def find_token(network: Network, chain_id: ChainId, address: Address) -> Token | None:
    chain = network.chains.get(chain_id)
    return next((token for token in chain.tokens if token.address == address), None) if chain else None


def _worth(
    network: Network, markets: quotes.Markets, given: Token, wanted: Token, amount: Amount
) -> tuple[int, int] | None:
    """What the input is worth in output units, as a fraction: so that only the offer is rounded."""
    if given.asset != wanted.asset and quotes.has_way(network, markets, given, wanted):
        try:
            return quotes.quote(network, markets, given, wanted, amount).output_amount, 1
        except Rejected:
            return None
    if given.asset == wanted.asset or {given.asset, wanted.asset} <= DOLLARS:
        return amount * 10**wanted.decimals, 10**given.decimals
    return None
