"""One chain through several nodes: who is asked, in which order, and what it means when nobody answers.

Nodes are preferred in the order in which they are configured, moved by their health. A node is asked for its chain id
before anything else and again after every failure; one of another chain is left out, because its blocks and balances
would be taken for ours. While the nodes are used all of them are surveyed every few seconds: that finds out which lag,
and closes the circuits of those that came back, without any call of the chain's waiting for it.

When no node gives a usable answer: Unavailable("chain_unavailable"), TimedOut when one was too slow, and
Corrupt("wrong_chain") when every node is one of another chain. When all circuits are open they are tried nevertheless:
a chain is never given up. When every node asks to be left alone, short pauses are waited for and long ones are not.

A budget of calls holds requests back, which is no failure: it is counted, and said when it takes long, because a chain
with too little of it falls behind without anything else being wrong.
"""

import asyncio
import collections.abc
import time
import typing

import msgspec

from orbital.chain import blocks, figures, health, http, jsonrpc
from orbital.chain.jsonrpc import Answer, Call, Failure, NodeFailed, RpcError
from orbital.domain import errors
from orbital.domain.types import ChainId
from orbital.observe import logging

SURVEY_SECONDS: typing.Final = 5.0
PATIENCE_SECONDS: typing.Final = 2.0
"""How long a call waits altogether for nodes that ask to be left alone."""
HELD_SECONDS: typing.Final = 2.0
"""A request that its budget holds back for so long is worth a word: shorter waits only spread calls."""
HELD_QUIET_SECONDS: typing.Final = 60.0
"""Between two such words about one node."""

_WHO: typing.Final = (Call("eth_chainId", ()),)
_HEAD: typing.Final = (Call("eth_getBlockByNumber", ("latest", False)),)

log = logging.get_logger("chain")


class TimedOut(errors.Unavailable):
    """Nobody answered, and somebody because it took too long: asking for less may help."""


class Node:
    """An endpoint with what is known of it."""

    def __init__(self, endpoint: jsonrpc.Endpoint, chain_id: ChainId, calls_per_second: float | None) -> None:
        self.endpoint = endpoint
        self.health = health.Health()
        self.budget = None if calls_per_second is None else health.Budget(calls_per_second)
        self._said_held_at = -HELD_QUIET_SECONDS
        self._chain_id = chain_id
        self._is_checked = False
        self._labels = (str(chain_id), endpoint.place)
        self._requests = figures.REQUESTS.labels(*self._labels)

    def rank(self, now: float, height: int | None, calls: int) -> tuple[int, ...]:
        return self.health.rank(now, height, 0.0 if self.budget is None else self.budget.delay(calls, now))

    async def ask(self, calls: collections.abc.Sequence[Call]) -> list[Answer]:
        """Raises NodeFailed, and remembers how it went."""
        try:
            await self._check()
            answers = await self._post(calls)
        except NodeFailed as failed:
            self._note(failed)
            raise
        self.health.succeed()
        self._show()
        return answers

    def note_head(self, head: blocks.Header, best_timestamp: int) -> None:
        """Remember the node's head, and how far it is behind the best of all nodes."""
        self.health.head, self.health.lag_seconds = head.number, best_timestamp - head.timestamp
        figures.LAG_SECONDS.labels(*self._labels).set(self.health.lag_seconds)

    def _note(self, failed: NodeFailed) -> None:
        now = time.monotonic()
        self._is_checked = False
        match failed.failure:
            case Failure.RATE_LIMITED:
                self.health.limit(now, failed.pause_seconds)
            case Failure.WRONG_CHAIN:
                self.health.fail_as_foreign(now)
            case _:
                self.health.fail(now)
        figures.FAILURES.labels(*self._labels, failed.failure).inc()
        self._show()

    def _show(self) -> None:
        is_well = self.health.circuit(time.monotonic()) is health.Circuit.CLOSED
        figures.IS_WELL.labels(*self._labels).set(is_well)

    async def _check(self) -> None:
        if self._is_checked:
            return
        (answer,) = await self._post(_WHO)
        if isinstance(answer, RpcError):
            raise NodeFailed(Failure.REFUSED, str(answer))
        try:
            found = blocks.decode_quantity(answer)
        except errors.Unavailable as error:
            raise NodeFailed(Failure.NOT_JSON_RPC, error.detail) from error
        if found != self._chain_id:
            raise NodeFailed(Failure.WRONG_CHAIN, f"is a node of chain {found}, not of {self._chain_id}")
        self._is_checked = True

    async def _post(self, calls: collections.abc.Sequence[Call]) -> list[Answer]:
        await self._keep_to_budget(len(calls))
        self._requests.inc()
        return await self.endpoint.post(calls)

    async def _keep_to_budget(self, calls: int) -> None:
        now = time.monotonic()
        delay = 0.0 if self.budget is None else self.budget.reserve(calls, now)
        if delay == 0:
            return
        figures.BUDGET_SECONDS.labels(*self._labels).inc(delay)
        if delay >= HELD_SECONDS and now - self._said_held_at >= HELD_QUIET_SECONDS:
            chain_id, place = self._labels
            log.warning("its budget holds requests back", chain_id=chain_id, node=place, wait_seconds=round(delay, 1))
            self._said_held_at = now
        await asyncio.sleep(delay)


class Nodes:
    """The nodes of one chain in their order of preference; `aclose` ends their connections."""

    def __init__(
        self,
        urls: collections.abc.Sequence[str],
        chain_id: ChainId,
        timeout_seconds: float,
        calls_per_second: float | None = None,
    ) -> None:
        if not urls:
            raise errors.Rejected("no_rpc_url", f"Chain {chain_id} has no RPC URL.")
        self._connections = http.Connections(timeout_seconds)
        self.chain_id: typing.Final = chain_id
        self.all: typing.Final = tuple(
            Node(jsonrpc.Endpoint(self._connections, url), chain_id, calls_per_second) for url in urls
        )
        self._survey: asyncio.Task[None] | None = None
        self._surveyed_at = time.monotonic()

    async def aclose(self) -> None:
        if self._survey is not None:
            self._survey.cancel()
            await asyncio.gather(self._survey, return_exceptions=True)
        await self._connections.aclose()

    def order(self, height: int | None, calls: int, shift: int = 0) -> list[Node]:
        """Who to ask for the block of a height (None: the head), first to last.

        `shift` of those that are well and have it come after the others of these.
        """
        now = time.monotonic()
        ranked = sorted(self.all, key=lambda node: node.rank(now, height, calls))
        well = [node for node in ranked if node.health.is_well(now) and not node.health.is_behind(height)]
        by = shift % len(well) if well else 0
        return well[by:] + well[:by] + ranked[len(well) :]

    def survey_if_due(self) -> None:
        """Look at all nodes in the background, unless that was done lately."""
        now = time.monotonic()
        if len(self.all) == 1 or now - self._surveyed_at < SURVEY_SECONDS:
            return
        if self._survey is None or self._survey.done():
            self._surveyed_at = now
            self._survey = asyncio.create_task(self.survey())

    async def survey(self) -> None:
        """Ask every node that does not rest for its head."""
        now = time.monotonic()
        asked = [
            node
            for node in self.all
            if node.health.circuit(now) is not health.Circuit.OPEN and not node.health.is_limited(now)
        ]
        heads = await asyncio.gather(*(_fetch_head(node) for node in asked))
        best = max((head.timestamp for head in heads if head is not None), default=0)
        for node, head in zip(asked, heads, strict=True):
            if head is not None:
                node.note_head(head, best)


class Client:
    """Sends calls to the nodes, each to the first that gives a usable answer.

    `shift` passes over so many of the first that are well, `keeps` stays with the node that answered as long as it
    does, the `avoided` are asked last, and with `only` no other is asked. Any number of clients may share their nodes.
    """

    def __init__(
        self,
        nodes: Nodes,
        *,
        shift: int = 0,
        keeps: bool = False,
        avoided: frozenset[Node] = frozenset(),
        only: Node | None = None,
    ) -> None:
        self._nodes = nodes
        self._shift, self._keeps, self._avoided, self._only = shift, keeps, avoided, only
        self._last: Node | None = None

    async def aclose(self) -> None:
        """Close the nodes for every client that shares them."""
        await self._nodes.aclose()

    def apart(self) -> "Client":
        """The same with an answering node of its own to remember, and to blame."""
        return Client(self._nodes, shift=self._shift, avoided=self._avoided, only=self._only)

    def steady(self) -> "Client":
        """A client that stays with one node, for answers that belong together."""
        return Client(self._nodes, shift=self._shift, keeps=True, avoided=self._avoided, only=self._only)

    def elsewhere(self) -> "Client":
        """A steady client that asks others before the node that answered here last."""
        avoided = self._avoided if self._last is None else self._avoided | {self._last}
        return Client(self._nodes, shift=self._shift, keeps=True, avoided=avoided, only=self._only)

    def witness(self, told_by: collections.abc.Collection[str] = ()) -> "Client":
        """A client that asks the second choice first, and the nodes of these places last."""
        avoided = frozenset(node for node in self._nodes.all if node.endpoint.place in told_by)
        return Client(self._nodes, shift=self._shift + 1, avoided=avoided)

    def each(self) -> list["Client"]:
        """For every node a client of its own, which asks no other and none that rests: to hear all of them."""
        return [Client(self._nodes, only=node) for node in self._nodes.all]

    @property
    def answered_by(self) -> str | None:
        """The place of the node that answered last; None when none did."""
        return None if self._last is None else self._last.endpoint.place

    def blame(self) -> None:
        """What was answered last did not fit: its node is asked after the others for a while."""
        if self._last is not None:
            self._last.health.blame(time.monotonic())

    async def ask(self, calls: collections.abc.Sequence[Call], height: int | None = None) -> list[Answer]:
        """Send the calls as one request; the results, or what was wrong with each, come in their order.

        `height` is the highest block that they concern, None the head.
        """
        if not calls:
            return []
        self._nodes.survey_if_due()
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            failed: dict[Node, NodeFailed] = {}
            for node in self._order(height, len(calls)):
                if (pause := node.health.limited_until - time.monotonic()) > 0:
                    failed[node] = NodeFailed(Failure.RATE_LIMITED, f"asks to be left alone for {pause:.1f} s")
                    continue
                try:
                    answers = await node.ask(calls)
                except NodeFailed as failure:
                    failed[node] = failure
                    continue
                self._last = node
                return answers
            self._last = None
            pause_ends = _first_pause_end(failed)
            if pause_ends is None or pause_ends > until:
                raise _verdict(self._nodes.chain_id, failed)
            await asyncio.sleep(max(0.0, pause_ends - time.monotonic()))

    async def ask_one(self, method: str, *params: typing.Any, height: int | None = None) -> msgspec.Raw:
        """Send one call; raises its RpcError."""
        (answer,) = await self.ask((Call(method, params),), height)
        if isinstance(answer, RpcError):
            raise answer
        return answer

    def _order(self, height: int | None, calls: int) -> list[Node]:
        if self._only is not None:
            rests = self._only.health.circuit(time.monotonic()) is health.Circuit.OPEN
            return [] if rests and len(self._nodes.all) > 1 else [self._only]
        order = self._nodes.order(height, calls, self._shift)
        return sorted(order, key=lambda node: (node in self._avoided, not self._keeps or node is not self._last))


async def _fetch_head(node: Node) -> blocks.Header | None:
    try:
        (answer,) = await node.ask(_HEAD)
        return None if isinstance(answer, RpcError) else blocks.decode_header(answer)
    except (NodeFailed, errors.Unavailable):
        return None  # its health has it


def _first_pause_end(failed: collections.abc.Mapping[Node, NodeFailed]) -> float | None:
    ends = [node.health.limited_until for node, one in failed.items() if one.failure is Failure.RATE_LIMITED]
    return min(ends, default=None)


def _verdict(chain_id: ChainId, failed: collections.abc.Mapping[Node, NodeFailed]) -> errors.OrbitalError:
    what = "; ".join(f"{node.endpoint.place}: {failure}" for node, failure in failed.items()) or "it rests"
    kinds = {failure.failure for failure in failed.values()}
    if kinds == {Failure.WRONG_CHAIN}:
        return errors.Corrupt("wrong_chain", f"No node is one of chain {chain_id} ({what}).")
    kind = TimedOut if Failure.TIMEOUT in kinds else errors.Unavailable
    return kind("chain_unavailable", f"No node of chain {chain_id} answers ({what}).")
