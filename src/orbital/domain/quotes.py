"""What a trade between any two coins of the network gives now: straight across, or through pools.

The same asset on two chains is worth the same: it goes across at par, and no pool is asked. Different assets are traded
in a pool of the origin (then the bought coin goes across), in one of the destination (then the given coin goes first),
or, where neither knows both, in both by way of a third asset. The best of all ways counts. On one chain it is a swap.

Each hop is what the pool's contract would pay in this very state, to the last unit; what goes across is rounded down.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from orbital.domain.errors import Rejected
from orbital.domain.network import Chain, Network, Token
from orbital.domain.orbital import prices, refusals, swap
from orbital.domain.orbital.pool import Pool
from orbital.domain.orbital.roots import ceil_div
from orbital.domain.types import UINT256_MAX, Address, Amount, ChainId

BPS_MAX: Final = 10_000


@dataclass(frozen=True, slots=True)
class Market:
    """A pool as it is at some block, with its tokens in its own order."""

    chain_id: ChainId
    address: Address
    tokens: tuple[Address, ...]
    pool: Pool


@dataclass(frozen=True, slots=True)
class Hop:
    """One swap of a route; `fee` is part of `amount_in`. Amounts are in the tokens' own units."""

    market: Market
    token_in: Token
    token_out: Token
    amount_in: Amount
    amount_out: Amount
    fee: Amount
    price_impact_bps: int


@dataclass(frozen=True, slots=True)
class Quote:
    """`fee` is that of all hops in units of the input token, a coin at par with any other; it is in the output."""

    output_amount: Amount
    hops: tuple[Hop, ...]
    fee: Amount
    price_impact_bps: int


Markets = Mapping[ChainId, tuple[Market, ...]]


def quote(network: Network, markets: Markets, given: Token, wanted: Token, amount: Amount) -> Quote:
    """The best that `amount` of `given` brings of `wanted`.

    Rejected: `invalid_amount` when it is too small to buy a unit or too large for any pool, `unsupported_token` for a
    token that is to be traded for itself, `insufficient_liquidity` when no pool has a price for it.
    """
    if given == wanted:
        raise Rejected("unsupported_token", "A token is not traded for itself.")
    if amount <= 0:
        raise Rejected("invalid_amount", "An amount is above 0.")
    best: Quote | None = None
    refused: Rejected | None = None
    for steps in _ways(network, markets, given, wanted):
        try:
            found = _follow(steps, given, wanted, amount)
        except refusals.InsufficientLiquidity as failure:
            refused = Rejected(failure.code, failure.detail)
        except refusals.InvalidTrade as failure:
            refused = refused or Rejected("invalid_amount", failure.detail)
        else:
            best = found if best is None or found.output_amount > best.output_amount else best
    if best is None:
        raise refused or Rejected("insufficient_liquidity", "No pool trades these two.")
    return best


def has_way(network: Network, markets: Markets, given: Token, wanted: Token) -> bool:
    """Whether the coins are of one asset, or pools trade the one for the other, at whatever price."""
    return any(True for _ in _ways(network, markets, given, wanted))


_Step = tuple[Market, Token, Token]


def _ways(network: Network, markets: Markets, given: Token, wanted: Token) -> Iterator[tuple[_Step, ...]]:
    """Every way from one coin to the other, as the swaps on it; what lies between them goes across."""
    if given.asset == wanted.asset:
        yield ()
        return
    origin, destination = network.chains[given.chain_id], network.chains[wanted.chain_id]
    at_origin, at_destination = markets.get(origin.chain_id, ()), markets.get(destination.chain_id, ())
    direct = [*_single(at_origin, given, _twin(origin, wanted.asset))]
    if origin is not destination:
        direct += _single(at_destination, _twin(destination, given.asset), wanted)
    yield from direct
    if direct or origin is destination:
        return
    for between in origin.tokens:
        twin = _twin(destination, between.asset)
        for (first,) in _single(at_origin, given, between):
            for (second,) in _single(at_destination, twin, wanted):
                yield first, second


def _single(markets: tuple[Market, ...], given: Token | None, wanted: Token | None) -> Iterator[tuple[_Step]]:
    if given is None or wanted is None or given == wanted:
        return
    for market in markets:
        if given.address in market.tokens and wanted.address in market.tokens:
            yield ((market, given, wanted),)


def _twin(chain: Chain, asset: str) -> Token | None:
    return next((one for one in chain.tokens if one.asset == asset), None)


def _follow(steps: tuple[_Step, ...], given: Token, wanted: Token, amount: Amount) -> Quote:
    """Go one way to its end. Raises what the pools' engine raises."""
    hops: list[Hop] = []
    held, have = given, int(amount)
    for market, token_in, token_out in steps:
        have = _across(have, held, token_in)
        hop = _swap(market, token_in, token_out, have)
        hops.append(hop)
        held, have = token_out, hop.amount_out
    have = _across(have, held, wanted)
    fee = sum(ceil_div(hop.fee * 10**given.decimals, 10**hop.token_in.decimals) for hop in hops)
    impact = min(BPS_MAX, sum(hop.price_impact_bps for hop in hops))
    return Quote(Amount(have), tuple(hops), Amount(fee), impact)


def _across(amount: int, held: Token, wanted: Token) -> int:
    """The same value in units of the same asset's token on another chain."""
    moved: int = amount * 10**wanted.decimals // 10**held.decimals
    if moved == 0:
        raise refusals.InvalidTrade("invalid_amount", "The amount is less than a unit of the other chain's token.")
    if moved > UINT256_MAX:
        raise refusals.InvalidTrade("invalid_amount", "No token has that many units.")
    return moved


def _swap(market: Market, token_in: Token, token_out: Token, amount: int) -> Hop:
    places = market.tokens.index(token_in.address), market.tokens.index(token_out.address)
    done = swap.quote_exact_in(market.pool, *places, amount)
    return Hop(
        market,
        token_in,
        token_out,
        Amount(amount),
        Amount(done.amount_out),
        Amount(done.fee),
        prices.impact_bps(done),
    )
