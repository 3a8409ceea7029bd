"""Catching up: ranges are fetched several at once and ahead of the commit, and handed out in the order of the chain.

While one range is written the next ones are on their way, so no transaction ever waits for a node. What is handed out
is exactly the range after the last one; after a rollback, or a range that could not be taken, everything fetched ahead
is forgotten and asked anew. Nothing is kept but in memory: a restart goes on from the checkpoint.

A range is as long as it takes to hold about as many logs as a step should. It shrinks at once when a node refuses a
range, takes too long over it, or a range is too full, and grows slowly while ranges are refused no more.
"""

import asyncio
import collections
from typing import Final, NamedTuple

from orbital.chain.rpc import Header, TimedOut
from orbital.domain.types import BlockNumber
from orbital.indexer import fetch
from orbital.indexer.prepare import Prepared, prepare
from orbital.indexer.settings import IndexerSettings
from orbital.indexer.subject import Subject

_GROWTH: Final = 1.5
_FEW: Final = 0.5
"""Of the wanted number of logs: with fewer a range grows."""


class Ranges:
    """How many blocks are asked for at once."""

    def __init__(self, settings: IndexerSettings) -> None:
        self._settings = settings
        self.blocks: int = settings.batch_blocks

    def learn(self, blocks: int, logs: int, largest: int) -> None:
        """A range of `blocks` held so many logs; the node took at most `largest` of its blocks at once."""
        wanted = self._settings.batch_logs
        if largest < blocks:
            self.blocks = max(1, min(self.blocks, largest))
        elif logs > wanted:
            self.blocks = max(1, min(self.blocks, blocks * wanted // logs))
        elif logs < _FEW * wanted and blocks >= self.blocks:
            self.blocks = min(self._settings.batch_blocks_max, int(self.blocks * _GROWTH) + 1)

    def halve(self, blocks: int) -> None:
        """A range of `blocks` took too long."""
        self.blocks = max(1, min(self.blocks, blocks // 2))


class Ahead:
    """What is fetched and prepared ahead of the checkpoint. `aclose` gives up what is under way.

    `is_first`: no other chain told of most of these intents before, so their states are prepared as well.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._sources = subject.sources
        self._at_once = subject.settings.ranges_at_once
        self._under_way: collections.deque[_Range] = collections.deque()
        self._preparing = asyncio.Lock()
        self.ranges = Ranges(subject.settings)
        self.is_first = True

    async def take(self, first: BlockNumber, head: Header) -> Prepared | None:
        """Blocks from `first` on, at least one and none above `head`; None if the chain moved meanwhile."""
        if self._under_way and (self._under_way[0].first != first or self._under_way[-1].last > head.number):
            await self.aclose()
        self._ask_ahead(first, head)
        wanted = self._under_way.popleft()
        try:
            prepared = await wanted.task
        except asyncio.CancelledError:
            wanted.task.cancel()
            raise
        except TimedOut:
            self.ranges.halve(wanted.last - wanted.first + 1)
            raise
        if prepared is not None:
            self._ask_ahead(BlockNumber(wanted.last + 1), head)
        return prepared

    async def aclose(self) -> None:
        dropped = [one.task for one in self._under_way]
        self._under_way.clear()
        for task in dropped:
            task.cancel()
        await asyncio.gather(*dropped, return_exceptions=True)

    def _ask_ahead(self, first: int, head: Header) -> None:
        if self._under_way:
            first = self._under_way[-1].last + 1
        while len(self._under_way) < self._at_once and first <= head.number:
            last = min(head.number, first + self.ranges.blocks - 1)
            if self._under_way and last == head.number and last - first < fetch.BY_HASH_MAX:
                break  # the head's own blocks are asked when it is their turn, and the head is looked at again
            work = self._read(BlockNumber(first), BlockNumber(last), head)
            self._under_way.append(_Range(first, last, asyncio.create_task(work)))
            first = last + 1

    async def _read(self, first: BlockNumber, last: BlockNumber, head: Header) -> Prepared | None:
        subject = self._subject
        fetched = await fetch.fetch_blocks(subject.rpc, first, last, head, self._sources)
        if fetched is None:
            return None
        self.ranges.learn(len(fetched.headers), len(fetched.logs), fetched.largest)
        async with self._preparing:  # one after the other: the first is wanted soonest
            return await prepare(fetched, subject.chain_id, self._sources, subject.rules, as_first=self.is_first)


class _Range(NamedTuple):
    first: int
    last: int
    task: "asyncio.Task[Prepared | None]"
