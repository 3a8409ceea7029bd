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


class ShownDispute(v.Shown):
    """Nodes don't agree about final blocks from `block` on, and none of them is called final until they do.

    `code` is `nodes_disagree` (they contradict each other) or `stored_differs` (they contradict what is indexed).
    """

    code: str
    block: v.Integer
    detail: str


class ShownChain(v.Shown):
    """`head`, `safe` and `finalized` are the node's, `checkpoint` is the last indexed block.

    Up to `verified` what is indexed was compared once more when it was final; only that far it is called final.
    """

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
    verified: v.Integer | None
    dispute: ShownDispute | None


class ShownChains(v.Shown):
    data: list[ShownChain]


class ShownChainHealth(v.Shown):
    """`dispute` is the code of what keeps blocks from becoming final, as in the list of chains."""

    chain_id: v.Integer
    status: str
    dispute: str | None


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
