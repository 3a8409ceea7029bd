"""A pool's state as the fold of its events: what the contract holds after a block, without asking the chain.

`State` keeps what the contract books and nothing that follows from it: the tokens really there in their own units, the
ticks' radii, on which side of its plane each tick is, and what each unit of radius has earned so far. Virtual reserves
are the real ones plus what the ticks' providers need not bring; `pool_of` has them as the engine's value.

The fold does no pricing: a swap's amounts are the chain's word. That they are what the engine would have given is a
property of the contract, tested there.
"""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from orbital.domain.errors import Corrupt
from orbital.domain.orbital import ladder, pool, tick
from orbital.domain.pool_facts import (
    FeesCollected,
    LiquidityAdded,
    LiquidityRemoved,
    PoolCreated,
    PoolEvent,
    Swap,
    TickCreated,
    TickCrossed,
)
from orbital.domain.types import Address

_T = TypeVar("_T")

GROWTH_ONE: Final = 2**128
"""The scale of `fee_growth`: token units for each wad of radius."""


@dataclass(frozen=True, slots=True)
class State:
    """A pool after a block. Lists go by the numbers of tokens and ticks; `fee_growth` by tick, then by token.

    `reserves` are real, in the tokens' own units; `planes` are per unit of radius and with `radii` at 18 decimals.
    A tick without radius counts as interior.
    """

    tokens: tuple[Address, ...]
    decimals: tuple[int, ...]
    fee_ppm: int
    reserves: tuple[int, ...]
    planes: tuple[int, ...] = ()
    radii: tuple[int, ...] = ()
    interior: tuple[bool, ...] = ()
    fee_growth: tuple[tuple[int, ...], ...] = ()


def replay(state: State | None, events: Iterable[PoolEvent]) -> State | None:
    """The state after these events of one pool, in chain order; None before its creation.

    Events of a pool whose creation was not seen leave it unknown. Raises Corrupt("pool_contradiction") when an event
    can't follow from the state: then contract, node or this fold is not what it should be.
    """
    for event in events:
        match event:
            case PoolCreated():
                if state is not None:
                    raise _contradiction(event, "it exists already")
                state = State(event.tokens, event.decimals, event.fee_ppm, (0,) * len(event.tokens))
            case _ if state is not None:
                state = _apply(state, event)
    return state


def pool_of(state: State) -> pool.Pool:
    """The state as the engine's value: on it a trade gives the integers that the contract gives."""
    ticks = [tick.Tick.on(plane, radius) for plane, radius in zip(state.planes, state.radii, strict=True)]
    steps = ladder.Ladder(len(state.tokens), ticks)
    reserves = [
        steps.floor + real * 10 ** (pool.DECIMALS - decimals)
        for real, decimals in zip(state.reserves, state.decimals, strict=True)
    ]
    return pool.on(steps, reserves, state.decimals, state.fee_ppm)


def _apply(state: State, event: PoolEvent) -> State:
    match event:
        case Swap():
            return _swap(state, event)
        case LiquidityAdded():
            return _change_liquidity(state, event, +1)
        case LiquidityRemoved():
            return _change_liquidity(state, event, -1)
        case TickCrossed():
            _require_tick(state, event, event.tick_id)
            return dataclasses.replace(state, interior=_with(state.interior, event.tick_id, event.interior))
        case TickCreated():
            return _create_tick(state, event)
        case FeesCollected() | PoolCreated():
            return state


def _create_tick(state: State, event: TickCreated) -> State:
    if event.tick_id != len(state.planes):
        raise _contradiction(event, f"the pool has {len(state.planes)} ticks")
    return dataclasses.replace(
        state,
        planes=(*state.planes, event.plane),
        radii=(*state.radii, 0),
        interior=(*state.interior, True),
        fee_growth=(*state.fee_growth, (0,) * len(state.tokens)),
    )


def _change_liquidity(state: State, event: LiquidityAdded | LiquidityRemoved, sign: int) -> State:
    _require_tick(state, event, event.tick_id)
    if len(event.amounts) != len(state.tokens):
        raise _contradiction(event, f"the pool has {len(state.tokens)} tokens")
    reserves = tuple(have + sign * moved for have, moved in zip(state.reserves, event.amounts, strict=True))
    radius = state.radii[event.tick_id] + sign * event.radius
    if radius < 0 or min(reserves) < 0:
        raise _contradiction(event, "more leaves than is there")
    return dataclasses.replace(state, reserves=reserves, radii=_with(state.radii, event.tick_id, radius))


def _swap(state: State, event: Swap) -> State:
    count = len(state.tokens)
    if not (event.token_in < count and event.token_out < count and event.token_in != event.token_out):
        raise _contradiction(event, f"the pool has {count} tokens")
    reserves = list(state.reserves)
    reserves[event.token_in] += event.amount_in - event.fee
    reserves[event.token_out] -= event.amount_out
    if event.fee > event.amount_in or reserves[event.token_out] < 0:
        raise _contradiction(event, "more leaves than is there")
    growth = _credit(state, event.token_in, event.fee) if event.fee else state.fee_growth
    return dataclasses.replace(state, reserves=tuple(reserves), fee_growth=growth)


def _credit(state: State, token: int, fee: int) -> tuple[tuple[int, ...], ...]:
    """The fee to each unit of radius of the ticks that were interior before the swap; of all, if none was."""
    held = [radius > 0 for radius in state.radii]
    credited = [is_held and inside for is_held, inside in zip(held, state.interior, strict=True)]
    credited = credited if any(credited) else held
    radius = sum(one for one, is_credited in zip(state.radii, credited, strict=True) if is_credited)
    if not radius:
        return state.fee_growth
    share = fee * GROWTH_ONE // radius
    return tuple(
        _with(growth, token, growth[token] + share) if is_credited else growth
        for growth, is_credited in zip(state.fee_growth, credited, strict=True)
    )


def _require_tick(state: State, event: TickCrossed | LiquidityAdded | LiquidityRemoved, tick_id: int) -> None:
    if tick_id >= len(state.planes):
        raise _contradiction(event, f"the pool has {len(state.planes)} ticks")


def _with(values: tuple[_T, ...], index: int, value: _T) -> tuple[_T, ...]:
    return (*values[:index], value, *values[index + 1 :])


def _contradiction(event: PoolEvent, fault: str) -> Corrupt:
    return Corrupt("pool_contradiction", f"{type(event).__name__} of pool 0x{event.pool.hex()}: {fault}.")
