"""What is read, made ready to be written: facts, their lines, the raw cache's blob.

All of a step that needs neither node nor database; done while the step before it is written.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from orbital.chain.adapters.adapter import Watch
from orbital.chain.adapters.malformed import MalformedLog
from orbital.domain import evidence
from orbital.domain.types import ChainId, Hash32
from orbital.indexer import match, raw
from orbital.indexer.fetch import Fetched
from orbital.storage import batches, chains
from orbital.storage.raw import Range


@dataclass(frozen=True, slots=True)
class Prepared:
    """Linked blocks in ascending order, never empty; `parent` is the first one's. `logs` is how many were read.

    `node` names who told them.
    """

    blocks: Sequence[chains.Block]
    batch: batches.Batch
    packed: Range
    logs: int
    odd: Sequence[tuple[Watch, MalformedLog]]
    node: str | None = None

    @property
    def parent(self) -> Hash32:
        return self.blocks[0].parent_hash

    @property
    def tip(self) -> chains.Block:
        return self.blocks[-1]


async def prepare(
    fetched: Fetched, chain_id: ChainId, sources: match.Sources, rules: evidence.Rules, *, as_first: bool = True
) -> Prepared:
    """`as_first` as in `batches`. Corrupt for logs that our contracts can't have emitted."""
    matched = match.Matched([], [])
    times, logs = match.times_of(fetched.headers), match.in_chain_order(fetched.logs)
    for first in range(0, len(logs), batches.AT_ONCE):
        match.match_some(matched, chain_id, sources, times, logs[first : first + batches.AT_ONCE])
        await asyncio.sleep(0)
    blocks = [chains.Block(one.number, one.hash, one.parent_hash, one.timestamp) for one in fetched.headers]
    batch = await batches.prepare(matched.facts, rules, as_first=as_first)
    return Prepared(blocks, batch, raw.pack(fetched), len(fetched.logs), matched.odd, fetched.node)
