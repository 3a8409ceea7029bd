"""What the reference solver offers: the same coin, or any two of the dollar coins, at par less its fee.

Everything in integers, rounded down: a solver never promises a fraction that it would not be paid.
"""

from typing import Final

from orbital.domain.intent import Intent
from orbital.domain.network import Network, Token
from orbital.domain.types import Address, Amount, ChainId

DOLLARS: Final = frozenset({"usdc", "usdt", "dai", "frax"})
BPS: Final = 10_000


def price(intent: Intent, network: Network, fee_bps: int) -> Amount | None:
    """The output that can be offered in base units; None when it is no pair of ours or below the user's minimum."""
    given = find_token(network, intent.origin_chain_id, intent.input_token)
    wanted = find_token(network, intent.destination_chain_id, intent.output_token)
    if given is None or wanted is None or not _is_at_par(given, wanted):
        return None
    scaled = intent.input_amount * 10**wanted.decimals * (BPS - fee_bps)
    offered = Amount(scaled // (10**given.decimals * BPS))
    return offered if offered >= intent.min_output_amount else None


def find_token(network: Network, chain_id: ChainId, address: Address) -> Token | None:
    chain = network.chains.get(chain_id)
    return next((token for token in chain.tokens if token.address == address), None) if chain else None


def _is_at_par(given: Token, wanted: Token) -> bool:
    return given.asset == wanted.asset or {given.asset, wanted.asset} <= DOLLARS
