"""The Orbital pool's contract: calldata of its functions and typed reads of its state.

Tokens and ticks are indexes. Amounts are in the tokens' own units; radii, virtual reserves and planes at 18 decimals.
Builders are pure; reads raise Corrupt("malformed_return") where no pool is.
"""

import dataclasses
import typing

from orbital.chain import rpc
from orbital.chain.abi import codec
from orbital.domain.orbital import ladder, tick
from orbital.domain.orbital import pool as engine
from orbital.domain.types import Address, Amount, UnixSeconds

ARTIFACT: typing.Final = "OrbitalPool"
NO_HINT: typing.Final = 0


@dataclasses.dataclass(frozen=True, slots=True)
class PoolConfig:
    """What never changes: tokens and their decimals, ticks' planes (sum(x) per radius, x 10^18, ascending), the fee."""

    tokens: tuple[Address, ...]
    decimals: tuple[int, ...]
    planes: tuple[int, ...]
    fee_ppm: int


@dataclasses.dataclass(frozen=True, slots=True)
class PoolState:
    """The curve at one block: virtual reserves, and per tick its radius and whether it is interior (empty: True)."""

    reserves: tuple[int, ...]
    radii: tuple[int, ...]
    interior: tuple[bool, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Position:
    """A provider's radius in one tick and the fees that `collect_fees` would pay, a token each."""

    radius: int
    fees: tuple[Amount, ...]


def load() -> codec.Contract:
    """Return the artifact; its constructor takes tokens, planes and the fee in parts per million."""
    return codec.load(ARTIFACT)


def encode_deployment(tokens: typing.Sequence[Address], planes: typing.Sequence[int], fee_ppm: int) -> bytes:
    """Return the data that deploys a pool; the decimals are read from the tokens."""
    return load().encode_deployment(tokens, planes, fee_ppm)


def swap(
    token_in: int,
    token_out: int,
    amount_in: int,
    *,
    min_amount_out: int,
    hint: int = NO_HINT,
    to: Address,
    deadline: UnixSeconds,
) -> bytes:
    """Return `swap`. `hint` is the expected amount out: a right one saves gas, a wrong one costs nothing else."""
    return load().encode_call("swap", token_in, token_out, amount_in, min_amount_out, hint, to, deadline)


def add_liquidity(tick: int, radius: int, max_amounts: typing.Sequence[int], deadline: UnixSeconds) -> bytes:
    """Return `addLiquidity`; the pool takes what it needs, at most `max_amounts`."""
    return load().encode_call("addLiquidity", tick, radius, max_amounts, deadline)


def remove_liquidity(
    tick: int, radius: int, min_amounts: typing.Sequence[int], to: Address, deadline: UnixSeconds
) -> bytes:
    return load().encode_call("removeLiquidity", tick, radius, min_amounts, to, deadline)


def collect_fees(tick: int, to: Address) -> bytes:
    """Return `collectFees`; it reverts when nothing is owed."""
    return load().encode_call("collectFees", tick, to)


def decode_amount_out(data: bytes) -> Amount:
    """Return what a call of `swap` returned."""
    return Amount(load().decode_return("swap", data)[0])


def decode_amounts(data: bytes) -> tuple[Amount, ...]:
    """Return what a call of `addLiquidity`, `removeLiquidity` or `collectFees` returned, a token each."""
    return tuple(Amount(amount) for amount in load().decode_return("addLiquidity", data)[0])


def engine_of(config: PoolConfig, state: PoolState) -> engine.Pool:
    """Return what the contract said as the engine's value, which prices it to the same integers."""
    ticks = [tick.Tick.on(plane, radius) for plane, radius in zip(config.planes, state.radii, strict=True)]
    steps = ladder.Ladder(len(config.tokens), ticks)
    return engine.on(steps, state.reserves, config.decimals, config.fee_ppm)


async def fetch_config(node: rpc.Rpc, pool: Address) -> PoolConfig:
    """Return what the pool was created with, from one request."""
    tokens, decimals, planes, fee_ppm = await _read_many(
        node, pool, "latest", ("tokens",), ("decimals",), ("planes",), ("feePpm",)
    )
    return PoolConfig(tuple(map(Address, tokens[0])), tuple(decimals[0]), tuple(planes[0]), fee_ppm[0])


async def fetch_state(node: rpc.Rpc, pool: Address, *, block: rpc.BlockRef = "latest") -> PoolState:
    """Return `getState`."""
    (state,) = await _read_many(node, pool, block, ("getState",))
    return PoolState(*map(tuple, state))


async def fetch_real_reserves(node: rpc.Rpc, pool: Address, *, block: rpc.BlockRef = "latest") -> tuple[Amount, ...]:
    """Return what is really in the pool without fees, a token each."""
    (found,) = await _read_many(node, pool, block, ("realReserves",))
    return tuple(map(Amount, found[0]))


async def fetch_fee_growth(
    node: rpc.Rpc, pool: Address, tick: int, *, block: rpc.BlockRef = "latest"
) -> tuple[int, ...]:
    """Return fees per unit of radius of a tick since the beginning, in token units x 2^128, modulo 2^256."""
    (found,) = await _read_many(node, pool, block, ("feeGrowth", tick))
    return tuple(found[0])


async def fetch_position(
    node: rpc.Rpc, pool: Address, provider: Address, tick: int, *, block: rpc.BlockRef = "latest"
) -> Position:
    """Return a provider's position in a tick, from one request."""
    (radius,), (fees,) = await _read_many(node, pool, block, ("positionOf", provider, tick), ("feesOf", provider, tick))
    return Position(radius, tuple(map(Amount, fees)))


async def _read_many(
    node: rpc.Rpc, pool: Address, block: rpc.BlockRef, *calls: tuple[typing.Any, ...]
) -> list[tuple[typing.Any, ...]]:
    asked = [(pool, load().encode_call(*call)) for call in calls]
    answers = await node.call_many(asked, block=block)
    return [_decode(call[0], answer) for call, answer in zip(calls, answers, strict=True)]


def _decode(function: str, answer: bytes | rpc.RpcError) -> tuple[typing.Any, ...]:
    if isinstance(answer, rpc.RpcError):
        raise answer
    return load().decode_return(function, answer)
