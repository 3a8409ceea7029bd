"""Logs of the Orbital pool as facts, all of it pure. Each carries the pool that said so."""

import typing

from orbital.chain.adapters import adapter
from orbital.chain.adapters.adapter import Decoded
from orbital.chain.blocks import Log
from orbital.domain import pool_facts
from orbital.domain.types import Address, Amount, ChainId

_int = int.from_bytes


def _created(_chain: ChainId, log: Log, tokens: tuple[bytes, ...], decimals: tuple[int, ...], fee_ppm: int) -> Decoded:
    return None, pool_facts.PoolCreated(log.address, tuple(map(Address, tokens)), decimals, fee_ppm)


def _tick_created(_chain: ChainId, log: Log, tick_id: bytes, plane: bytes) -> Decoded:
    return None, pool_facts.TickCreated(log.address, _int(tick_id), Amount(_int(plane)))


def _tick_crossed(_chain: ChainId, log: Log, tick_id: bytes, interior: bool) -> Decoded:
    return None, pool_facts.TickCrossed(log.address, _int(tick_id), interior)


def _added(
    _chain: ChainId, log: Log, provider: bytes, tick_id: bytes, radius: bytes, amounts: tuple[bytes, ...]
) -> Decoded:
    change = Address(provider), _int(tick_id), Amount(_int(radius)), _amounts(amounts)
    return None, pool_facts.LiquidityAdded(log.address, *change)


def _removed(
    _chain: ChainId, log: Log, provider: bytes, tick_id: bytes, radius: bytes, amounts: tuple[bytes, ...]
) -> Decoded:
    change = Address(provider), _int(tick_id), Amount(_int(radius)), _amounts(amounts)
    return None, pool_facts.LiquidityRemoved(log.address, *change)


def _collected(_chain: ChainId, log: Log, provider: bytes, tick_id: bytes, amounts: tuple[bytes, ...]) -> Decoded:
    return None, pool_facts.FeesCollected(log.address, Address(provider), _int(tick_id), _amounts(amounts))


def _swapped(
    _chain: ChainId,
    log: Log,
    trader: bytes,
    token_in: bytes,
    token_out: bytes,
    amount_in: bytes,
    amount_out: bytes,
    fee: bytes,
    to: bytes,
) -> Decoded:
    event = pool_facts.Swap(
        log.address,
        Address(trader),
        _int(token_in),
        _int(token_out),
        Amount(_int(amount_in)),
        Amount(_int(amount_out)),
        Amount(_int(fee)),
        Address(to),
    )
    return None, event


def _amounts(words: tuple[bytes, ...]) -> tuple[Amount, ...]:
    return tuple(Amount(_int(word)) for word in words)


EVENTS: typing.Final = (
    adapter.event("PoolCreated", "address[],uint8[],uint24", _created),
    adapter.event("TickCreated", "uint256*,uint256", _tick_created),
    adapter.event("TickCrossed", "uint256*,bool", _tick_crossed),
    adapter.event("LiquidityAdded", "address*,uint256*,uint256,uint256[]", _added),
    adapter.event("LiquidityRemoved", "address*,uint256*,uint256,uint256[]", _removed),
    adapter.event("FeesCollected", "address*,uint256*,uint256[]", _collected),
    adapter.event("Swap", "address*,uint256,uint256,uint256,uint256,uint256,address", _swapped),
)
