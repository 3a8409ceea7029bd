"""The devnet's pools: one a chain, of all its test coins, with the deployer's liquidity at par in several ticks.

Narrow ticks hold most of it, as they would: a coin of the pool moves by a few tenths of a basis point for an ordinary
trade, and by more than a percent only once the narrow ticks are left behind.
"""

import time
from dataclasses import dataclass
from typing import Final

from orbital.chain import pool, token
from orbital.chain.transactions import Wallet
from orbital.domain.network import Token
from orbital.domain.types import UINT256_MAX, Address, UnixSeconds

FEE_PPM: Final = 100
COINS_OF_PROVIDER: Final = 1_000_000_000  # whole coins of each token
GAS: Final = 2_000_000
"""Of calls that are sent before the ones they build on are mined, so that no estimate is possible."""

_WAD: Final = 10**18
_WAIT_SECONDS: Final = 3600


@dataclass(frozen=True, slots=True)
class Tick:
    """`plane` is where one of four coins falls to the price; `coins` is the radius in whole coins."""

    price: str
    plane: int
    coins: int


TICKS: Final = (
    Tick("0.999", 2_000_000_187_593_758_775, 400_000_000),
    Tick("0.99", 2_000_018_843_836_417_075, 200_000_000),
    Tick("0.95", 2_000_480_518_967_412_593, 100_000_000),
    Tick("0.8", 2_008_258_810_228_355_239, 40_000_000),
    Tick("0.5", 2_058_549_313_211_698_073, 20_000_000),
)


async def deploy(wallet: Wallet, tokens: tuple[Token, ...]) -> Address:
    """Deploy a pool of these coins; returns where it is."""
    planes = [tick.plane for tick in TICKS]
    return await wallet.deploy(pool.load(), [one.address for one in tokens], planes, FEE_PPM)


async def fill(wallet: Wallet, at: Address, tokens: tuple[Token, ...]) -> None:
    """Add the deployer's liquidity to every tick; everything is sent at once, in its order."""
    deadline = UnixSeconds(int(time.time()) + _WAIT_SECONDS)
    everything = [UINT256_MAX] * len(tokens)
    calls = [
        call
        for one in tokens
        for call in (
            (one.address, token.mint(wallet.address, COINS_OF_PROVIDER * 10**one.decimals)),
            (one.address, token.approve(at, UINT256_MAX)),
        )
    ]
    calls += [
        (at, pool.add_liquidity(index, tick.coins * _WAD, everything, deadline)) for index, tick in enumerate(TICKS)
    ]
    sent = [await wallet.send(to, data, gas=GAS) for to, data in calls]
    for tx_hash in sent:
        await wallet.wait_receipt(tx_hash)
