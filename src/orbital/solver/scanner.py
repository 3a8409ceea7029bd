"""Facts of a chain's finalized blocks, in order, from its start.

A process that starts reads everything again: there is nothing on disk. If a block that was read is not the one at its
height any more, HistoryReplaced is raised: local chains may undo even what they called final, and then everything that
was concluded from it must be concluded anew.
"""

from collections.abc import AsyncIterator, Sequence

from orbital.chain.adapters import orbital
from orbital.chain.adapters.adapter import EventType
from orbital.chain.rpc import Header, Rpc
from orbital.domain.facts import Fact
from orbital.domain.network import Chain
from orbital.domain.types import BlockNumber, ChainId, UnixSeconds


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
        self._last: Header | None = None

    async def read(self) -> AsyncIterator[list[Fact]]:
        """What became final since the last time, range by range."""
        finalized = await self._node.header("finalized")
        await self._check_history()
        while finalized is not None and self._next <= finalized.number:
            end = min(finalized.number, self._next + self._range_blocks - 1)
            last = await self._node.header(end)
            logs = await self._node.logs(
                self._next, end, addresses=(self._chain.settler, self._chain.mailbox), topics=self._topics
            )
            decoded = [orbital.decode(self._chain.chain_id, log_, UnixSeconds(0)) for log_ in logs]
            yield [fact for fact in decoded if fact is not None]
            self._next, self._last = end + 1, last

    async def _check_history(self) -> None:
        """A node that does not know the block (yet) says nothing about it; another hash does."""
        if self._last is None:
            return
        now = await self._node.header(self._last.number)
        if now is not None and now.hash != self._last.hash:
            raise HistoryReplaced(self._chain.chain_id, self._last.number)
