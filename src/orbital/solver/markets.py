"""The pools as the solver sees them: what their contracts say at the head, asked of its own nodes.

A solver trusts chains, not the service that it bids to. What never changes is asked once; the states are asked again
when a chain has moved on, so bids of one block cost one request a pool.
"""

import asyncio
from collections.abc import Mapping

from orbital.chain import pool
from orbital.chain.rpc import BlockRef, Rpc
from orbital.domain.network import Network
from orbital.domain.quotes import Market
from orbital.domain.types import Address, ChainId, Hash32

_Key = tuple[ChainId, Address]


class Watcher:
    """Reads every pool of the network."""

    def __init__(self, network: Network, rpcs: Mapping[ChainId, Rpc]) -> None:
        self._network = network
        self._rpcs = rpcs
        self._configs: dict[_Key, pool.PoolConfig] = {}
        self._read: dict[ChainId, tuple[Hash32, tuple[Market, ...]]] = {}

    async def fetch(self) -> dict[ChainId, tuple[Market, ...]]:
        """All pools as of their chains' heads. Raises Unavailable, Corrupt("malformed_return") where no pool is."""
        chains = [chain.chain_id for chain in self._network.chains.values() if chain.pools]
        return dict(zip(chains, await asyncio.gather(*(self._fetch_chain(one) for one in chains)), strict=True))

    async def _fetch_chain(self, chain_id: ChainId) -> tuple[Market, ...]:
        head = await self._rpcs[chain_id].header("latest")
        known = self._read.get(chain_id)
        if known is not None and head is not None and known[0] == head.hash:
            return known[1]
        addresses = self._network.chains[chain_id].pools
        block: BlockRef = "latest" if head is None else head.hash
        markets = tuple(await asyncio.gather(*(self._fetch_pool((chain_id, one), block) for one in addresses)))
        if head is not None:
            self._read[chain_id] = head.hash, markets
        return markets

    async def _fetch_pool(self, key: _Key, block: BlockRef) -> Market:
        node, address = self._rpcs[key[0]], key[1]
        if key not in self._configs:
            self._configs[key] = await pool.fetch_config(node, address)
        config, state = self._configs[key], await pool.fetch_state(node, address, block=block)
        return Market(*key, config.tokens, pool.engine_of(config, state))
