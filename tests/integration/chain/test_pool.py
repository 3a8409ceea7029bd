"""The Orbital pool through its calldata builders and typed reads, on a real chain."""

import collections.abc
import dataclasses
import math

import pytest

from orbital.chain import keys, pool, rpc, token, transactions
from orbital.domain import errors
from orbital.domain.types import Address, UnixSeconds

WHOLE = 10**24
UNBOUNDED = 2**256 - 1
NEVER = UnixSeconds(2**63)
DECIMALS = (6, 18)
# A pair's planes at the depeg prices 0.99 and 0.5, per radius: 2 - (p + 1)/sqrt(p^2 + 1).
PLANES = tuple(2 * 10**18 - math.isqrt((p + 100) ** 2 * 10**36 // (p * p + 10_000)) for p in (99, 50))


@dataclasses.dataclass
class World:
    node: rpc.Rpc
    tokens: tuple[Address, ...]
    pool: Address
    provider: transactions.Wallet
    trader: transactions.Wallet

    async def balances(self, account: Address) -> list[int]:
        return [await token.fetch_balance(self.node, found, account) for found in self.tokens]


@pytest.fixture
async def world(node: rpc.Rpc, funded: tuple[keys.Signer, ...]) -> World:
    provider, trader = (transactions.Wallet(node, signer) for signer in funded[:2])
    tokens = tuple([await provider.deploy(token.load(), "Test Dollar", "tUSD", decimals) for decimals in DECIMALS])
    receipt = await provider.transact(None, pool.encode_deployment(tokens, PLANES, 300))
    assert receipt.contract_address is not None
    for wallet in (provider, trader):
        for found in tokens:
            await provider.transact(found, token.mint(wallet.address, 10**36))
            await wallet.transact(found, token.approve(receipt.contract_address, UNBOUNDED))
    return World(node, tokens, receipt.contract_address, provider, trader)


async def test_a_pool_says_what_it_was_created_with(world: World) -> None:
    config = await pool.fetch_config(world.node, world.pool)
    assert config == pool.PoolConfig(world.tokens, DECIMALS, PLANES, 300)
    state = await pool.fetch_state(world.node, world.pool)
    assert state == pool.PoolState((0, 0), (0, 0), (True, True))


async def test_liquidity_trades_and_fees_come_and_go(world: World) -> None:
    had = [await world.balances(wallet.address) for wallet in (world.provider, world.trader)]
    call = pool.add_liquidity(1, WHOLE, [UNBOUNDED] * 2, NEVER)
    brought = pool.decode_amounts(await world.node.call(world.pool, call, sender=world.provider.address))
    await world.provider.transact(world.pool, call)
    assert await pool.fetch_real_reserves(world.node, world.pool) == brought
    assert await pool.fetch_position(world.node, world.pool, world.provider.address, 1) == pool.Position(WHOLE, (0, 0))

    call = pool.swap(0, 1, 10**9, min_amount_out=0, to=world.trader.address, deadline=NEVER)
    out = pool.decode_amount_out(await world.node.call(world.pool, call, sender=world.trader.address))
    await world.trader.transact(
        world.pool, pool.swap(0, 1, 10**9, min_amount_out=out, hint=out, to=world.trader.address, deadline=NEVER)
    )
    moved = [new - old for new, old in zip(await world.balances(world.trader.address), had[1], strict=True)]
    assert moved == [-(10**9), out]
    fee = 10**9 * 300 // 10**6
    assert (await pool.fetch_fee_growth(world.node, world.pool, 1))[0] == fee * 2**128 // WHOLE
    position = await pool.fetch_position(world.node, world.pool, world.provider.address, 1)
    assert position.fees == (fee - 1, 0)

    await world.provider.transact(world.pool, pool.remove_liquidity(1, WHOLE, (0, 0), world.provider.address, NEVER))
    await world.provider.transact(world.pool, pool.collect_fees(1, world.provider.address))
    kept = [new - old for new, old in zip(await world.balances(world.provider.address), had[0], strict=True)]
    assert kept == [10**9 - 1, -out]
    assert await pool.fetch_state(world.node, world.pool) == pool.PoolState((0, 0), (0, 0), (True, True))


async def test_refusals_have_their_names(world: World) -> None:
    call = pool.swap(0, 1, 10**9, min_amount_out=0, to=world.trader.address, deadline=NEVER)
    with pytest.raises(transactions.Reverted) as refused:
        await world.trader.transact(world.pool, call)
    assert refused.value.name == "InsufficientLiquidity"


async def test_an_account_without_a_pool_is_not_read_as_one(world: World) -> None:
    reads: tuple[collections.abc.Callable[[rpc.Rpc, Address], collections.abc.Awaitable[object]], ...] = (
        pool.fetch_state,
        pool.fetch_config,
        pool.fetch_real_reserves,
    )
    for read in reads:
        with pytest.raises(errors.Corrupt) as failure:
            await read(world.node, world.trader.address)
        assert failure.value.code == "malformed_return"
