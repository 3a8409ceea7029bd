"""Users of a devnet: accounts with test tokens and allowances, and the intents that they sign."""

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orbital.chain import keys, token
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts
from orbital.domain.intent import Intent
from orbital.domain.network import Network, Token
from orbital.domain.types import UINT256_MAX, Address, Amount, ChainId, UnixSeconds

COINS_OF_A_USER: Final = 1_000_000  # whole coins of each token on each chain
LOW_COINS: Final = 10_000
OPEN_WITHIN_SECONDS: Final = 300
FILL_WITHIN_SECONDS: Final = 600
SLIPPAGE_BPS: Final = 20
BPS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Route:
    """From a token on one chain to a token on another."""

    input_token: Token
    output_token: Token


def list_users() -> list[keys.Signer]:
    """The demo's users."""
    return [keys.parse_signer(secret) for secret in accounts.DEMO_USERS]


def walk_routes(network: Network) -> Iterator[Route]:
    """Every pair of tokens on different chains, for ever: the directions alternate."""
    tokens = [one for chain in network.chains.values() for one in chain.tokens]
    routes = [Route(first, second) for first in tokens for second in tokens if first.chain_id != second.chain_id]
    half = len(routes) // 2
    mixed = [route for pair in zip(routes[:half], routes[half:], strict=True) for route in pair]
    while True:
        yield from mixed


def make_intent(network: Network, route: Route, user: Address, coins: int, expected: Amount | None = None) -> Intent:
    """An intent of `coins` whole input coins for what is `expected` (as many output coins), less a small slippage."""
    now = int(time.time())
    output = coins * 10**route.output_token.decimals if expected is None else expected
    return Intent(
        user=user,
        recipient=user,
        origin_chain_id=route.input_token.chain_id,
        destination_chain_id=route.output_token.chain_id,
        input_token=route.input_token.address,
        input_amount=Amount(coins * 10**route.input_token.decimals),
        output_token=route.output_token.address,
        min_output_amount=Amount(output - output * SLIPPAGE_BPS // BPS),
        nonce=secrets.randbits(128),
        open_deadline=UnixSeconds(now + OPEN_WITHIN_SECONDS),
        fill_deadline=UnixSeconds(now + FILL_WITHIN_SECONDS),
        auctioneer=network.auctioneer,
    )


async def fund(network: Network, rpcs: Mapping[ChainId, Rpc], users: list[keys.Signer]) -> None:
    """Give every user enough of every token, and the settlers an allowance of it; what is there already stays."""
    await asyncio.gather(*(_fund_user(network, rpcs, user) for user in users))


async def _fund_user(network: Network, rpcs: Mapping[ChainId, Rpc], user: keys.Signer) -> None:
    for chain in network.chains.values():
        rpc = rpcs[chain.chain_id]
        wallet = Wallet(rpc, user)
        holdings = await asyncio.gather(
            *(token.fetch_holding(rpc, one.address, user.address, chain.settler) for one in chain.tokens)
        )
        calls = []
        for one, holding in zip(chain.tokens, holdings, strict=True):
            if holding.balance < LOW_COINS * 10**one.decimals:
                calls.append((one.address, token.mint(user.address, COINS_OF_A_USER * 10**one.decimals)))
            if holding.allowance < holding.balance or holding.allowance == 0:
                calls.append((one.address, token.approve(chain.settler, UINT256_MAX)))
        await asyncio.gather(*(wallet.transact(to, data) for to, data in calls))
