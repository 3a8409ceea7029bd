"""The pools' states as this process read them last: what did not change is neither sent nor built again.

A state belongs to the hash of the block that made it, so what is kept can't be out of date: the database says with
each request which block's state counts now.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from orbital.domain.orbital import replay
from orbital.domain.orbital.pool import Pool
from orbital.domain.quotes import Market
from orbital.domain.types import Address, BlockNumber, ChainId, Hash32, UnixSeconds
from orbital.storage import pool, pool_states


@dataclass(frozen=True, slots=True)
class KnownPool:
    """A pool as of its chain's last indexed block; `state_hash` names the block that changed it last."""

    market: Market
    state: replay.State
    state_hash: Hash32
    block_number: BlockNumber
    block_hash: Hash32
    timestamp: UnixSeconds


class KnownPools:
    """One process's memory of pools."""

    def __init__(self) -> None:
        self.depth_search = asyncio.Lock()
        """Held while a pool's depth is searched: those who ask at the same time find it done."""
        self._known: dict[tuple[ChainId, Address], tuple[Hash32, replay.State, Pool]] = {}

    async def load(
        self, connection: pool.Connection, wanted: Sequence[tuple[ChainId, Address]]
    ) -> dict[tuple[ChainId, Address], KnownPool]:
        """Those of the wanted pools that are indexed, as of one moment, in one request."""
        known = {key: self._known[key] for key in wanted if key in self._known}
        found = await pool_states.list_current(connection, wanted, [hash_ for hash_, _, _ in known.values()])
        return {(one.chain_id, one.pool): self._remember(one, known) for one in found}

    def _remember(
        self,
        one: pool_states.Current,
        known: dict[tuple[ChainId, Address], tuple[Hash32, replay.State, Pool]],
    ) -> KnownPool:
        key = one.chain_id, one.pool
        if one.state is None:
            _, state, engine = known[key]
        else:
            state, engine = one.state, replay.pool_of(one.state)
            self._known[key] = one.state_hash, state, engine
        market = Market(one.chain_id, one.pool, state.tokens, engine)
        return KnownPool(market, state, one.state_hash, one.block_number, one.block_hash, one.timestamp)


def by_chain(found: Iterable[KnownPool]) -> dict[ChainId, tuple[Market, ...]]:
    """Their markets, as quotes want them."""
    markets: dict[ChainId, tuple[Market, ...]] = {}
    for one in found:
        markets[one.market.chain_id] = (*markets.get(one.market.chain_id, ()), one.market)
    return markets
