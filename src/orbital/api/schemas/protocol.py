"""The deployment on the wire: protocol, tokens, chains, health."""

from orbital.api.schemas import values as v


class ShownRegistry(v.Shown):
    chain_id: v.Integer
    address: v.Checksummed


class ShownChainRules(v.Shown):
    chain_id: v.Integer
    fill_window_seconds: v.Integer
    fill_after: str


class ShownTypeEntry(v.Shown):
    name: str
    type: str


class ShownProtocol(v.Shown):
    """`types` are the EIP-712 types by name."""

    name: str
    version: str
    auctioneer: v.Checksummed
    auction_window_ms: v.Integer
    min_bond_wei: v.Decimal
    registry: ShownRegistry
    refund_delay_seconds: v.Integer
    chains: list[ShownChainRules]
    types: dict[str, list[ShownTypeEntry]]


class ShownToken(v.Shown):
    chain_id: v.Integer
    address: v.Checksummed
    symbol: str
    name: str
    decimals: v.Integer
    asset: str


class ShownTokens(v.Shown):
    data: list[ShownToken]


class ShownCatchUp(v.Shown):
    """`eta_seconds` is until the head as it is now."""

    blocks_per_second: float
    eta_seconds: v.Integer


class ShownChain(v.Shown):
    """`head`, `safe` and `finalized` are the node's, `checkpoint` is the last indexed block."""

    chain_id: v.Integer
    name: str
    settler: v.Checksummed
    mailbox: v.Checksummed
    pools: list[v.Checksummed]
    head: v.Integer | None
    checkpoint: v.Integer | None
    safe: v.Integer | None
    finalized: v.Integer | None
    lag_blocks: v.Integer | None
    lag_seconds: v.Integer | None
    status: str
    progress: ShownCatchUp | None


class ShownChains(v.Shown):
    data: list[ShownChain]


class ShownChainHealth(v.Shown):
    chain_id: v.Integer
    status: str


class ShownHealth(v.Shown):
    status: str
    version: str
    uptime_seconds: v.Integer
    database: str
    redis: str
    chains: list[ShownChainHealth]


class ShownProbe(v.Shown):
    status: str
    version: str
    uptime_seconds: v.Integer
