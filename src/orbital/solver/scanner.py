"""Facts of a chain's finalized blocks, in order, from its start, as most of its nodes tell them.

What is read here is signed for and paid out, so nothing rests on one node while there are more: how far the chain is
final, which blocks these are and what they hold is what a strict majority says. Until there is one nothing is read.

A process that starts reads everything again: there is nothing on disk. If a block that was read is not the one at its
height any more, HistoryReplaced is raised: local chains may undo even what they called final, and then everything that
was concluded from it must be concluded anew.
"""

import functools
from collections.abc import AsyncIterator, Sequence

from orbital.chain import quorum
from orbital.chain.adapters import orbital
from orbital.chain.adapters.adapter import EventType
from orbital.chain.rpc import Rpc
from orbital.domain.facts import Fact
from orbital.domain.network import Chain
from orbital.domain.types import BlockNumber, ChainId, Hash32, UnixSeconds


class HistoryReplaced(Exception):
    """A finalized block is another one now."""

    def __init__(self, chain_id: ChainId, number: BlockNumber) -> None:
        super().__init__(f"chain {chain_id}, block {number}")
        self.chain_id = chain_id
        self.number = number


class Scanner:
    """Where one chain's reading is."""

    def __init__(self, chain: Chain, node: Rpc, events: Sequence[EventType], range_blocks: int) -> None:
        self._chain = chain
        self._node = node
        self._topics = [event.topic for event in events]
        self._range_blocks = range_blocks
        self._next: int = chain.start_block
        self._last: tuple[BlockNumber, Hash32] | None = None

    async def read(self) -> AsyncIterator[list[Fact]]:
        """What became final since the last time, range by range."""
        finalized = await quorum.reach(self._node, _fetch_finalized)
        await self._check_history()
        while self._next <= finalized:
            end = BlockNumber(min(finalized, self._next + self._range_blocks - 1))
            last, facts = await quorum.agree(self._node, functools.partial(self._fetch, end=end))
            yield facts
            self._next, self._last = end + 1, None if last is None else (end, last)

    async def _fetch(self, door: Rpc, end: BlockNumber) -> tuple[Hash32 | None, list[Fact]]:
        """The hash of the block that ends a range, and the range's facts. A node's own time stamps don't enter."""
        last = await door.header(end)
        logs = await door.logs(
            self._next, end, addresses=(self._chain.settler, self._chain.mailbox), topics=self._topics
        )
        decoded = [orbital.decode(self._chain.chain_id, log_, UnixSeconds(0)) for log_ in logs]
        return None if last is None else last.hash, [fact for fact in decoded if fact is not None]

    async def _check_history(self) -> None:
        """Nodes that do not know the block (yet) say nothing about it; another hash does."""
        if self._last is None:
            return
        number, read = self._last
        now = await quorum.agree(self._node, lambda door: _fetch_hash(door, number))
        if now is not None and now != read:
            raise HistoryReplaced(self._chain.chain_id, number)


async def _fetch_finalized(door: Rpc) -> int:
    """-1 while the chain has no finalized block."""
    found = await door.header("finalized")
    return -1 if found is None else found.number


async def _fetch_hash(door: Rpc, number: BlockNumber) -> Hash32 | None:
    found = await door.header(number)
    return None if found is None else found.hash
