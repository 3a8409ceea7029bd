"""Quotes and pools on the wire. Radii, planes, virtual reserves and prices are integers at 18 decimals."""

import functools
from typing import Any, Final

from orbital.api.known_pools import KnownPool
from orbital.api.schemas import values as v
from orbital.domain.network import Network, Token
from orbital.domain.orbital import prices, refusals, tick
from orbital.domain.orbital.pool import Pool
from orbital.domain.quotes import Hop, Quote
from orbital.domain.types import Address, ChainId

DEPTH_BPS = (1, 10, 50)
_STATES_KEPT: Final = 64


class QuoteRequest(v.Strict):
    """On one chain it is a swap, between two what an intent for it is worth."""

    origin_chain_id: v.ChainIdIn
    destination_chain_id: v.ChainIdIn
    input_token: v.AddressIn
    output_token: v.AddressIn
    input_amount: v.AmountIn


class ShownHop(v.Shown):
    """One swap; `fee` is part of `amount_in`. The pool's state is that of block `block_hash`."""

    chain_id: v.Integer
    pool: v.Checksummed
    token_in: v.Checksummed
    token_out: v.Checksummed
    amount_in: v.Decimal
    amount_out: v.Decimal
    fee: v.Decimal
    price_impact_bps: v.Integer
    block_number: v.Integer
    block_hash: v.Hash


class ShownQuote(v.Shown):
    """`route` has the swaps in order; between chains a coin goes across at par. `fee` is in units of the input token,
    and `output_amount` is without it.
    """

    output_amount: v.Decimal
    route: list[ShownHop]
    fee: v.Decimal
    price_impact_bps: v.Integer
    expires_at: v.Time


class ShownReserve(v.Shown):
    """`reserve` is really there, in the token's own units; `virtual_reserve` is what the curve sees."""

    address: v.Checksummed
    symbol: str | None
    decimals: v.Integer
    reserve: v.Decimal
    virtual_reserve: v.Decimal


class ShownPool(v.Shown):
    """A pool as of its chain's last indexed block; `fee_ppm` is the part of an input that is the fee."""

    chain_id: v.Integer
    address: v.Checksummed
    fee_ppm: v.Integer
    block_number: v.Integer
    block_hash: v.Hash
    timestamp: v.Time
    tokens: list[ShownReserve]


class ShownPools(v.Shown):
    data: list[ShownPool]
    next_cursor: str | None


class ShownTick(v.Shown):
    """`plane` is sum(x) at the plane per unit of radius; a coin that falls to `depeg_price` alone takes it there."""

    tick_id: v.Integer
    plane: v.Decimal
    depeg_price: v.Decimal
    radius: v.Decimal
    interior: bool


class ShownDepth(v.Shown):
    """`amount_in` is the greatest input, fee included, that moves the price by at most `bps`."""

    token_in: v.Checksummed
    token_out: v.Checksummed
    bps: v.Integer
    amount_in: v.Decimal


class ShownPoolDetail(ShownPool):
    """Row i, column j of `prices`: how many j one i is worth at the margin, without fee; null where j is worth nothing
    or the pool has no price. `depth` is against the first token, both ways.
    """

    ticks: list[ShownTick]
    prices: list[list[v.Decimal | None]]
    depth: list[ShownDepth]


def show_quote(quote: Quote, known: dict[tuple[ChainId, Address], KnownPool], expires_at: int) -> dict[str, Any]:
    return {
        "output_amount": str(quote.output_amount),
        "route": [_show_hop(hop, known[hop.market.chain_id, hop.market.address]) for hop in quote.hops],
        "fee": str(quote.fee),
        "price_impact_bps": quote.price_impact_bps,
        "expires_at": v.show_seconds(expires_at),
    }


def show_pool(known: KnownPool, network: Network) -> dict[str, Any]:
    state, engine = known.state, known.market.pool
    coins = _coins(network, known.market.chain_id)
    return {
        "chain_id": known.market.chain_id,
        "address": v.show_address(known.market.address),
        "fee_ppm": state.fee_ppm,
        "block_number": known.block_number,
        "block_hash": "0x" + known.block_hash.hex(),
        "timestamp": v.show_seconds(known.timestamp),
        "tokens": [
            {
                "address": v.show_address(address),
                "symbol": coins[address].symbol if address in coins else None,
                "decimals": state.decimals[index],
                "reserve": str(state.reserves[index]),
                "virtual_reserve": str(engine.reserves[index]),
            }
            for index, address in enumerate(state.tokens)
        ],
    }


def show_detail(known: KnownPool, network: Network) -> dict[str, Any]:
    """Everything of a pool; costs some milliseconds for each pair of tokens, once for each state."""
    state, engine = known.state, known.market.pool
    ticks = [
        {
            "tick_id": index,
            "plane": str(plane),
            "depeg_price": str(tick.price_of_plane(len(state.tokens), plane)),
            "radius": str(state.radii[index]),
            "interior": state.interior[index],
        }
        for index, plane in enumerate(state.planes)
    ]
    return show_pool(known, network) | {
        "ticks": ticks,
        "prices": _show_prices(engine),
        "depth": _show_depth(engine, state.tokens),
    }


def _show_hop(hop: Hop, known: KnownPool) -> dict[str, Any]:
    return {
        "chain_id": hop.market.chain_id,
        "pool": v.show_address(hop.market.address),
        "token_in": v.show_address(hop.token_in.address),
        "token_out": v.show_address(hop.token_out.address),
        "amount_in": str(hop.amount_in),
        "amount_out": str(hop.amount_out),
        "fee": str(hop.fee),
        "price_impact_bps": hop.price_impact_bps,
        "block_number": known.block_number,
        "block_hash": "0x" + known.block_hash.hex(),
    }


def _show_prices(engine: Pool) -> list[list[str | None]]:
    try:
        matrix = prices.price_matrix(engine)
    except refusals.InsufficientLiquidity:
        return [[None] * engine.n] * engine.n
    return [[v.show_amount(one) for one in row] for row in matrix]


@functools.lru_cache(_STATES_KEPT)
def _show_depth(engine: Pool, tokens: tuple[Address, ...]) -> list[dict[str, Any]]:
    pairs = [pair for other in range(1, engine.n) for pair in ((0, other), (other, 0))]
    return [
        {
            "token_in": v.show_address(tokens[given]),
            "token_out": v.show_address(tokens[taken]),
            "bps": bps,
            "amount_in": str(_depth(engine, given, taken, bps)),
        }
        for given, taken in pairs
        for bps in DEPTH_BPS
    ]


def _depth(engine: Pool, given: int, taken: int, bps: int) -> int:
    try:
        return prices.depth(engine, given, taken, bps)
    except refusals.InsufficientLiquidity:
        return 0


def _coins(network: Network, chain_id: ChainId) -> dict[Address, Token]:
    return {one.address: one for one in network.chains[chain_id].tokens}
