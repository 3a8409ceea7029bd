"""Calls of many callers to one chain, sent together.

While a request is under way the calls that come gather, and leave as one batch when it is answered; nobody waits while
the node is idle. A call never joins a request that has left: its answer is of a block no older than the question. When
a batch fails every caller in it fails, as it would have alone; a caller that gives up leaves the others theirs.

Each request also asks how high the chain is. What that gives is a height for the next one: a node need not run a batch
in order, but what it has answered it had. If it tells less the next time, less counts: its chain went back to an
earlier block, or several nodes are behind its name.
"""

import asyncio
import collections
import collections.abc
import typing

from orbital.chain.rpc import Rpc, RpcError
from orbital.domain.types import Address

BATCH_CALLS: typing.Final = 96
"""The most calls that share a request, unless one caller asks more: public nodes refuse batches of over 100."""


class Answers(typing.NamedTuple):
    """The answer or the RpcError of each call, in order, of a block no lower than `height`; 0 when that is not known.

    The node that answered had told this height, or a higher one, before it was asked.
    """

    of_calls: list[bytes | RpcError]
    height: int


class _Waiting(typing.NamedTuple):
    calls: collections.abc.Sequence[tuple[Address, bytes]]
    answers: asyncio.Future[Answers]


class Gather:
    """Asks one chain at its latest block. Belongs to the event loop in which it is first asked."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc.apart()
        self._told: dict[str | None, int] = {}
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._sender: asyncio.Task[None] | None = None

    async def call_many(self, calls: collections.abc.Sequence[tuple[Address, bytes]]) -> Answers:
        """As `Rpc.call_many`."""
        one = _Waiting(calls, asyncio.get_running_loop().create_future())
        self._waiting.append(one)
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())
        return await one.answers

    def blame(self) -> None:
        """The node that answered last is behind: others are asked before it for a while."""
        self._rpc.blame()

    async def _send(self) -> None:
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                await asyncio.sleep(0)  # whoever is about to ask comes along
                batch = self._take()
                await self._ask(batch)
        finally:
            self._sender = None
            for one in (*batch, *self._waiting):  # empty, unless this task was cancelled
                one.answers.cancel()
            self._waiting.clear()

    async def _ask(self, batch: list[_Waiting]) -> None:
        try:
            answers, height = await self._rpc.call_at_head([call for one in batch for call in one.calls])
        except Exception as failure:  # noqa: BLE001 - raised by each of those who asked
            for one in batch:
                if not one.answers.done():
                    one.answers.set_exception(failure)
            return
        who = self._rpc.answered_by
        told, self._told[who] = min(height, self._told.get(who, 0)), height
        start = 0
        for one in batch:
            own = answers[start : start + len(one.calls)]
            start += len(one.calls)
            if not one.answers.done():
                one.answers.set_result(Answers(own, told))

    def _take(self) -> list[_Waiting]:
        """Those who wait, in order, as many as go into one request."""
        batch: list[_Waiting] = []
        size = 0
        while self._waiting and (not batch or size + len(self._waiting[0].calls) <= BATCH_CALLS):
            one = self._waiting.popleft()
            if not one.answers.done():
                batch.append(one)
                size += len(one.calls)
        return batch
