"""Quotes and pools as the service tells of them: amounts are decimal strings."""

import datetime as dt

import msgspec

from orbital.domain.types import Address

TokenRef = tuple[int, Address]
"""A token by chain id and address."""


class Hop(msgspec.Struct, frozen=True):
    """One swap of a route; `fee` is part of `amount_in`."""

    chain_id: int
    pool: str
    token_in: str
    token_out: str
    amount_in: str
    amount_out: str
    fee: str
    price_impact_bps: int
    block_number: int
    block_hash: str


class Quote(msgspec.Struct, frozen=True):
    """`fee` is in units of the input token; the output is without it."""

    output_amount: str
    route: list[Hop]
    fee: str
    price_impact_bps: int
    expires_at: dt.datetime


class PoolToken(msgspec.Struct, frozen=True):
    """`reserve` in the token's own units, `virtual_reserve` at 18 decimals."""

    address: str
    symbol: str | None
    decimals: int
    reserve: str
    virtual_reserve: str


class Pool(msgspec.Struct, frozen=True):
    """A pool as of its chain's last indexed block."""

    chain_id: int
    address: str
    fee_ppm: int
    block_number: int
    block_hash: str
    timestamp: dt.datetime
    tokens: list[PoolToken]


class Tick(msgspec.Struct, frozen=True):
    """All at 18 decimals; `plane` is per unit of radius."""

    tick_id: int
    plane: str
    depeg_price: str
    radius: str
    interior: bool


class Depth(msgspec.Struct, frozen=True):
    """The greatest input that moves the price by at most `bps`."""

    token_in: str
    token_out: str
    bps: int
    amount_in: str


class PoolDetail(Pool, frozen=True):
    """Row i, column j of `prices`: how many j one i is worth, at 18 decimals; None where there is no price."""

    ticks: list[Tick]
    prices: list[list[str | None]]
    depth: list[Depth]
