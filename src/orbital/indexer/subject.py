"""What one leadership works on: a chain, its nodes, its database, and what the tasks of the leader tell each other."""

from dataclasses import dataclass, field

from orbital.chain.rpc import Rpc
from orbital.domain import evidence
from orbital.domain.network import Network
from orbital.domain.types import BlockNumber, ChainId
from orbital.indexer import match
from orbital.indexer.settings import IndexerSettings
from orbital.storage import pool


@dataclass(frozen=True, slots=True)
class Subject:
    """What is followed, with what, and where it is written."""

    database: pool.Pool
    rpc: Rpc
    network: Network
    chain_id: ChainId
    settings: IndexerSettings

    @property
    def rules(self) -> evidence.Rules:
        return self.network.rules

    @property
    def sources(self) -> match.Sources:
        return match.sources_of(self.network, self.chain_id)

    @property
    def start_block(self) -> BlockNumber:
        return self.network.get_chain(self.chain_id).start_block

    @property
    def confirmations(self) -> int | None:
        return self.network.get_chain(self.chain_id).confirmations

    @property
    def label(self) -> str:
        """The chain in figures."""
        return str(self.chain_id)


@dataclass(slots=True)
class Progress:
    """What the follower and the finalizer of one leadership know of each other.

    `is_at_head`: there is nothing to read, so there is time to compare. `doubted`: from this block on what is stored
    is not what the nodes say, and is to be read anew. `told_by`: up to which block what is stored was read from a node,
    by its name.
    """

    is_at_head: bool = field(default=False)
    doubted: BlockNumber | None = field(default=None)
    told_by: dict[str, BlockNumber] = field(default_factory=dict)
