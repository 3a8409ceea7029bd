"""Demo traders of the pools: swaps of changing size both ways, a few on every chain, for as long as the devnet runs.

Each swap is a little likelier to go against what the earlier ones did to the price, so prices wander about par by a few
basis points and come back: the pools stay alive for days, and intents priced near par go on being filled.
"""

import asyncio
import contextlib
import random
import time
from typing import Final

from orbital.chain import keys, pool, token
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts, files
from orbital.domain.errors import OrbitalError
from orbital.domain.network import Chain
from orbital.domain.orbital import pool as engine
from orbital.domain.orbital import prices
from orbital.domain.types import UINT256_MAX, Address, UnixSeconds
from orbital.observe import logging

PAUSE_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 5.0
COINS_MEDIAN: Final = 1_500
COINS_MAX: Final = 40_000
COINS_OF_TRADER: Final = 10_000_000
TURN_BACK_PPM: Final = 400
"""How far off par a price is, in millionths, when every swap goes against it."""

_WAD: Final = 10**18
_PPM: Final = 1_000_000
_DEADLINE_SECONDS: Final = 60


async def run(devnet: files.Devnet) -> None:
    """Trade on every chain until cancelled; a chain's outages are waited out."""
    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as group:
        for chain in devnet.network.chains.values():
            rpc = await stack.enter_async_context(Rpc([devnet.endpoints[chain.chain_id].rpc_url], chain.chain_id))
            for address in chain.pools:
                group.create_task(Trader(rpc, chain, address).run())


class Trader:
    """One account that trades in one pool, and nothing else."""

    def __init__(self, rpc: Rpc, chain: Chain, address: Address, rng: random.Random | None = None) -> None:
        self._rpc, self._chain, self._address = rpc, chain, address
        self._wallet = Wallet(rpc, keys.parse_signer(accounts.POOL_TRADER))
        self._rng = rng or random.Random()  # noqa: S311 - a trader's whims
        self._tokens = {one.address: one for one in chain.tokens}

    async def run(self) -> None:
        log = logging.get_logger("traffic").bind(chain_id=self._chain.chain_id)
        is_funded = False
        while True:
            pause = self._rng.expovariate(1 / PAUSE_SECONDS)
            try:
                if not is_funded:
                    await self.fund()
                    is_funded = True
                await self.trade()
            except OrbitalError as error:
                log.warning("no swap now", code=error.code, detail=error.detail)
                self._wallet.forget_nonce()
                is_funded, pause = False, RETRY_SECONDS
            await asyncio.sleep(pause)

    async def fund(self) -> None:
        """See to enough of every coin, and the pool's leave to take it."""
        for one in (await pool.fetch_config(self._rpc, self._address)).tokens:
            holding = await token.fetch_holding(self._rpc, one, self._wallet.address, self._address)
            wanted = COINS_OF_TRADER * 10 ** self._tokens[one].decimals
            if holding.balance < wanted // 2:
                await self._wallet.transact(one, token.mint(self._wallet.address, wanted))
            if holding.allowance < wanted:
                await self._wallet.transact(one, token.approve(self._address, UINT256_MAX))

    async def trade(self) -> None:
        """One swap of two coins by chance."""
        config = await pool.fetch_config(self._rpc, self._address)
        state = await pool.fetch_state(self._rpc, self._address)
        now = pool.engine_of(config, state)
        given, taken = self._choose(now)
        coins = min(COINS_MAX, self._rng.lognormvariate(0, 1.2) * COINS_MEDIAN)
        amount = int(coins * _PPM) * 10 ** config.decimals[given] // _PPM
        deadline = UnixSeconds(int(time.time()) + _DEADLINE_SECONDS)
        data = pool.swap(given, taken, amount, min_amount_out=0, to=self._wallet.address, deadline=deadline)
        await self._wallet.transact(self._address, data)

    def _choose(self, now: engine.Pool) -> tuple[int, int]:
        """Two coins, the one given first: rather the dearer one, the more so the further the price is off par."""
        first, second = self._rng.sample(range(now.n), 2)
        off_ppm = prices.price(now, first, second) * _PPM // _WAD - _PPM
        chance = 0.5 + off_ppm / TURN_BACK_PPM / 2
        return (first, second) if self._rng.random() < chance else (second, first)
