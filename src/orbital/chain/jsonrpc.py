"""JSON-RPC over HTTP to one chain through several nodes.

A node that does not answer, answers late, with an HTTP error or with anything but JSON-RPC is left for the next one;
the one that worked is asked first from then on. When none works: Unavailable("chain_unavailable"). What a node answers
as an error of the call itself is an RpcError and is not asked elsewhere: a revert reverts on every node.

A node is asked for its chain id before anything else and again after every failure; one of another chain raises
Corrupt("wrong_chain"), because its blocks and balances would be taken for ours. URLs may hold keys, so messages name
the host only.
"""

import collections
import collections.abc
import itertools
import typing
import urllib.parse

import httpx
import msgspec

from orbital.chain import blocks, hexes
from orbital.domain import errors
from orbital.domain.types import ChainId


class Call(typing.NamedTuple):
    """One method call with its positional parameters, ready for JSON."""

    method: str
    params: collections.abc.Sequence[typing.Any]


class RpcError(errors.Conflict):
    """The node ran the call and refused it: `rpc_code` and `message` as it said, `data` of a revert (else empty)."""

    def __init__(self, rpc_code: int, message: str, data: bytes = b"") -> None:
        super().__init__("rpc_error", f"{message} ({rpc_code})")
        self.rpc_code = rpc_code
        self.message = message
        self.data = data

    @property
    def is_of_node(self) -> bool:
        """Whether the node could not do its work, so that the refusal says nothing about the call."""
        if self.message.startswith("EVM error"):  # anvil's words for an exceptional halt, under the internal code
            return False
        return self.rpc_code in _NODE_CODES or "not found" in self.message


class _Refusal(msgspec.Struct):
    code: int
    message: str = ""
    data: typing.Any = None


class _Reply(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: _Refusal | None = None


class _Node:
    __slots__ = ("is_checked", "place", "url")

    def __init__(self, url: str) -> None:
        self.url = url
        self.place = urllib.parse.urlsplit(url).netloc.rpartition("@")[2]
        self.is_checked = False


class _NodeFailed(Exception):
    """A node did not give a usable answer; the next one is asked."""


# EIP-1474: parse error, unknown method, bad parameters, internal, resource unavailable or missing, limit exceeded.
_NODE_CODES: typing.Final = frozenset({-32700, -32601, -32602, -32603, -32001, -32002, -32005})
_REPLIES = msgspec.json.Decoder(_Reply | list[_Reply])
_ENCODER = msgspec.json.Encoder()


class Client:
    """Sends calls to the nodes of one chain; `aclose` ends its connections."""

    def __init__(self, urls: collections.abc.Sequence[str], chain_id: ChainId, timeout_seconds: float) -> None:
        if not urls:
            raise errors.Rejected("no_rpc_url", f"Chain {chain_id} has no RPC URL.")
        self._nodes = collections.deque(_Node(url) for url in urls)
        self._chain_id = chain_id
        self._ids = itertools.count(1)
        # A node is named by its URL alone: no proxy, netrc or certificate from the environment.
        self._http = httpx.AsyncClient(timeout=timeout_seconds, trust_env=False)

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ask(self, calls: collections.abc.Sequence[Call]) -> list[msgspec.Raw | RpcError]:
        """Send the calls as one request; the results, or what was wrong with each, come in their order."""
        if not calls:
            return []
        failures = []
        for node in tuple(self._nodes):
            try:
                await self._check(node)
                return await self._post(node, calls)
            except _NodeFailed as failure:
                failures.append(f"{node.place}: {failure}")
                node.is_checked = False
                self._put_last(node)
        detail = f"No node of chain {self._chain_id} answers ({'; '.join(failures)})."
        raise errors.Unavailable("chain_unavailable", detail)

    async def ask_one(self, method: str, *params: typing.Any) -> msgspec.Raw:
        """Send one call; raises its RpcError."""
        (answer,) = await self.ask((Call(method, params),))
        if isinstance(answer, RpcError):
            raise answer
        return answer

    async def _check(self, node: _Node) -> None:
        if node.is_checked:
            return
        (answer,) = await self._post(node, (Call("eth_chainId", ()),))
        if isinstance(answer, RpcError):
            raise _NodeFailed(str(answer))
        chain_id = blocks.decode_quantity(answer)
        if chain_id != self._chain_id:
            detail = f"{node.place} is a node of chain {chain_id}, not of {self._chain_id}."
            raise errors.Corrupt("wrong_chain", detail)
        node.is_checked = True

    async def _post(self, node: _Node, calls: collections.abc.Sequence[Call]) -> list[msgspec.Raw | RpcError]:
        ids = [next(self._ids) for _ in calls]
        bodies = [
            {"jsonrpc": "2.0", "id": number, "method": call.method, "params": call.params}
            for number, call in zip(ids, calls, strict=True)
        ]
        content = _ENCODER.encode(bodies if len(bodies) > 1 else bodies[0])
        try:
            response = await self._http.post(node.url, content=content, headers={"content-type": "application/json"})
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise _NodeFailed(f"{type(failure).__name__} {failure}".strip()) from failure
        replies = _read_replies(response)
        if len(replies) == 1 and replies[0].error is not None and replies[0].id not in ids:
            raise _NodeFailed(f"refuses the request: {replies[0].error.message}")
        answers = {reply.id: _to_answer(reply) for reply in replies}
        if not answers.keys() >= set(ids):
            raise _NodeFailed("some calls were not answered")
        return [answers[number] for number in ids]

    def _put_last(self, node: _Node) -> None:
        if self._nodes[0] is node:
            self._nodes.rotate(-1)


def _read_replies(response: httpx.Response) -> list[_Reply]:
    try:
        replies = _REPLIES.decode(response.content)
    except msgspec.MsgspecError as failure:
        raise _NodeFailed(f"HTTP {response.status_code} without JSON-RPC") from failure
    if response.is_server_error or response.status_code == httpx.codes.TOO_MANY_REQUESTS:
        raise _NodeFailed(f"HTTP {response.status_code}")
    return replies if isinstance(replies, list) else [replies]


def _to_answer(reply: _Reply) -> msgspec.Raw | RpcError:
    if reply.error is None:
        return reply.result
    return RpcError(reply.error.code, reply.error.message, _revert_data(reply.error.data))


def _revert_data(data: typing.Any) -> bytes:
    """Nodes give the data of a revert as hex, some within an object; others say nothing usable."""
    found = data.get("data") if isinstance(data, dict) else data
    if not isinstance(found, str):
        return b""
    try:
        return hexes.parse_bytes(found)
    except errors.Rejected:
        return b""
