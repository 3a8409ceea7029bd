"""A pool's state from its events is what the contract says at the same block, in every history of the chain."""

import random

from orbital.chain import keys, pool, token, transactions
from orbital.devnet import accounts, pools, swaps
from orbital.domain.orbital import replay
from orbital.domain.types import UINT256_MAX
from orbital.solver.markets import Watcher
from orbital.storage import pool as connections
from orbital.storage import pool_states, rebuild

GAS = 3_000_000
STEPS = 32


class Traders:
    """The deployer, who is the pool's provider, and somebody who trades."""

    def __init__(self, world) -> None:
        self.world, self.chain = world, world.network.chains[world.origin]
        self.node, (self.pool,) = world.nodes[world.origin], self.chain.pools
        self.provider = transactions.Wallet(self.node, keys.parse_signer(accounts.DEPLOYER))
        self.trader = transactions.Wallet(self.node, keys.parse_signer(accounts.SPARE[3]))

    async def fund(self) -> None:
        for one in self.chain.tokens:
            await self.trader.transact(one.address, token.mint(self.trader.address, 10**9 * 10**one.decimals))
            await self.trader.transact(one.address, token.approve(self.pool, UINT256_MAX))

    async def act(self, rng: random.Random) -> None:
        """One random call, large enough to cross ticks both ways; what the pool refuses is mined all the same."""
        tick = rng.randrange(len(pools.TICKS))
        radius = int(rng.uniform(0.1, 1.2) * pools.TICKS[tick].coins) * 10**18
        nobody = [0] * len(self.chain.tokens)
        kind = rng.choice(("swap", "swap", "swap", "add", "remove", "collect"))
        if kind == "swap":
            given, taken = rng.sample(range(len(self.chain.tokens)), 2)
            amount = int(10 ** rng.uniform(0, 7.3)) * 10 ** self.chain.tokens[given].decimals
            data = pool.swap(given, taken, amount, min_amount_out=0, to=self.trader.address, deadline=2**63)
        elif kind == "add":
            data = pool.add_liquidity(tick, radius, [UINT256_MAX] * len(nobody), 2**63)
        elif kind == "remove":
            data = pool.remove_liquidity(tick, radius, nobody, self.provider.address, 2**63)
        else:
            data = pool.collect_fees(tick, self.provider.address)
        wallet = self.trader if kind == "swap" else self.provider
        await transactions.wait_receipt(self.node, await wallet.send(self.pool, data, gas=GAS))

    async def current(self) -> pool_states.Current:
        async with connections.acquire(self.world.database) as connection:
            (found,) = await pool_states.list_current(connection, [(self.world.origin, self.pool)])
        return found

    async def assert_equal(self) -> None:
        """Everything that the contract tells of its state at the block of the checkpoint."""
        found = await self.current()
        state, block = found.state, found.block_hash
        told = await pool.fetch_state(self.node, self.pool, block=block)
        real = await pool.fetch_real_reserves(self.node, self.pool, block=block)
        ticks = range(len(state.planes))
        growth = [await pool.fetch_fee_growth(self.node, self.pool, tick, block=block) for tick in ticks]
        config = await pool.fetch_config(self.node, self.pool)
        assert (state.tokens, state.decimals, state.planes, state.fee_ppm) == (
            config.tokens,
            config.decimals,
            config.planes,
            config.fee_ppm,
        )
        assert (state.reserves, state.radii, state.interior) == (real, told.radii, told.interior)
        assert state.fee_growth == tuple(growth)
        priced = replay.pool_of(state)
        assert (priced.reserves, priced.interior) == (told.reserves, told.interior)

    async def forget(self) -> None:
        self.provider.forget_nonce()
        self.trader.forget_nonce()


async def test_the_state_from_events_is_the_contract_s_own_at_every_block_through_reorgs(world, fingerprint):
    traders, rng = Traders(world), random.Random(7)
    await traders.fund()
    sides = set()
    async with world.indexing(world.origin):
        for step in range(STEPS):
            await traders.act(rng)
            if step % 4 == 3:
                await world.reorg(world.origin, rng.choice((1, 2, 3)))
                await traders.forget()
            await world.caught_up(world.origin)
            await traders.assert_equal()
            sides.add((await traders.current()).state.interior)
    assert len(sides) > 1, "a test without crossings"
    before = await fingerprint()
    await rebuild.rebuild(world.database, world.network.rules)
    assert await fingerprint() == before
    await traders.assert_equal()


async def test_what_demo_traders_do_is_indexed_and_seen_by_solvers_alike(world):
    traders = Traders(world)
    trader = swaps.Trader(traders.node, traders.chain, traders.pool, random.Random(1))
    watcher = Watcher(world.network, world.nodes)
    before = (await watcher.fetch())[world.origin][0].pool
    await trader.fund()
    for _ in range(2):
        await trader.trade()
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    (market,) = (await watcher.fetch())[world.origin]
    indexed = replay.pool_of((await traders.current()).state)
    assert before.reserves != market.pool.reserves == indexed.reserves
    assert market.tokens == (await traders.current()).state.tokens
    assert (market.pool.interior, market.pool.fee_ppm) == (indexed.interior, indexed.fee_ppm)
