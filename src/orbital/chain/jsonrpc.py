"""JSON-RPC over HTTP to one node: what is sent, and every way in which it can go wrong.

What a node answers as an error of the call itself is an RpcError: a revert reverts on every node. A range of logs that
is too much for the node is a RangeRefused, with what the node says it would take. Everything else that is no usable
answer is a NodeFailed, which says nothing about the call: another node may be asked. URLs may hold keys, so messages
name the host only.
"""

import collections.abc
import datetime as dt
import email.utils
import itertools
import typing
import urllib.parse
from enum import StrEnum

import msgspec

from orbital.chain import hexes, http, refusals
from orbital.domain import errors


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


class RangeRefused(RpcError):
    """Logs of fewer blocks would be answered: of the `suggested` ones, or of `max_blocks`, when the node says so."""

    def __init__(self, rpc_code: int, message: str, refusal: refusals.Refusal) -> None:
        super().__init__(rpc_code, message)
        self.limit = refusal.limit
        self.suggested = refusal.suggested
        self.max_blocks = refusal.max_blocks


class Failure(StrEnum):
    """Why a node gave no usable answer; the word is the metric's label."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    HTTP = "http"
    NOT_JSON_RPC = "not_json_rpc"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    RATE_LIMITED = "rate_limited"
    WRONG_CHAIN = "wrong_chain"


class NodeFailed(Exception):
    """A node gave no usable answer. `pause_seconds`: how long it asks to be left alone, when it says so."""

    def __init__(self, failure: Failure, detail: str, pause_seconds: float | None = None) -> None:
        super().__init__(detail)
        self.failure = failure
        self.pause_seconds = pause_seconds


Answer = msgspec.Raw | RpcError


class _Refusal(msgspec.Struct):
    code: int
    message: str = ""
    data: typing.Any = None


class _Reply(msgspec.Struct):
    id: int | None = None
    result: msgspec.Raw = msgspec.Raw()
    error: _Refusal | None = None


# EIP-1474: parse error, unknown method, bad parameters, internal, resource unavailable or missing, limit exceeded.
_NODE_CODES: typing.Final = frozenset({-32700, -32601, -32602, -32603, -32001, -32002, -32005})
_REVERT_CODE: typing.Final = 3
_LOGS_METHOD: typing.Final = "eth_getLogs"
_SUCCESSES: typing.Final = range(200, 300)
_TOO_MANY_REQUESTS: typing.Final = 429
_SERVER_ERROR: typing.Final = 500
_OVERLOADED: typing.Final = frozenset({_TOO_MANY_REQUESTS, 503})
_REPLIES = msgspec.json.Decoder(_Reply | list[_Reply])
_ENCODER = msgspec.json.Encoder()


class Endpoint:
    """One URL. `place` names its host for messages and figures."""

    def __init__(self, connections: http.Connections, url: str) -> None:
        self._connections = connections
        self._url = url
        self._ids = itertools.count(1)
        self.place: typing.Final = urllib.parse.urlsplit(url).netloc.rpartition("@")[2]

    async def post(self, calls: collections.abc.Sequence[Call]) -> list[Answer]:
        """Send the calls as one request; the results, or what was wrong with each, come in their order.

        Raises NodeFailed.
        """
        ids = [next(self._ids) for _ in calls]
        bodies = [
            {"jsonrpc": "2.0", "id": number, "method": call.method, "params": call.params}
            for number, call in zip(ids, calls, strict=True)
        ]
        content = _ENCODER.encode(bodies if len(bodies) > 1 else bodies[0])
        replies = _read_replies(await self._send(content))
        if len(replies) == 1 and (error := replies[0].error) is not None and replies[0].id not in ids:
            if refusals.read(error.code, error.message).limit is refusals.Limit.RATE:
                raise NodeFailed(Failure.RATE_LIMITED, error.message)
            raise NodeFailed(Failure.REFUSED, f"refuses the request: {error.message}")
        by_id = {reply.id: reply for reply in replies}
        if not by_id.keys() >= set(ids):
            raise NodeFailed(Failure.INCOMPLETE, "some calls were not answered")
        return [_to_answer(call, by_id[number]) for number, call in zip(ids, calls, strict=True)]

    async def _send(self, content: bytes) -> http.Reply:
        try:
            return await self._connections.post(self._url, content)
        except http.TimedOut as failure:
            raise NodeFailed(Failure.TIMEOUT, str(failure)) from failure
        except http.Unreachable as failure:
            raise NodeFailed(Failure.UNREACHABLE, str(failure)) from failure


def read_retry_after(text: str | None, now: dt.datetime) -> float | None:
    """Seconds that a `Retry-After` header asks to wait: it has seconds or an HTTP date. None when it says neither."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=dt.UTC)
    return max(0.0, (until - now).total_seconds())


def _read_replies(reply: http.Reply) -> list[_Reply]:
    if reply.status in _OVERLOADED:
        pause = read_retry_after(reply.retry_after, dt.datetime.now(dt.UTC))
        if reply.status == _TOO_MANY_REQUESTS or pause is not None:
            raise NodeFailed(Failure.RATE_LIMITED, f"HTTP {reply.status}", pause)
    try:
        replies = _REPLIES.decode(reply.content)
    except msgspec.MsgspecError as failure:
        kind = Failure.NOT_JSON_RPC if reply.status in _SUCCESSES else Failure.HTTP
        raise NodeFailed(kind, f"HTTP {reply.status} without JSON-RPC") from failure
    if reply.status >= _SERVER_ERROR:
        raise NodeFailed(Failure.HTTP, f"HTTP {reply.status}")
    return replies if isinstance(replies, list) else [replies]


def _to_answer(call: Call, reply: _Reply) -> Answer:
    """What one call came to. A limit on speed is the node's, not the call's: NodeFailed."""
    error = reply.error
    if error is None:
        return reply.result
    if error.code == _REVERT_CODE or error.message.startswith("execution reverted"):  # words of a contract
        return RpcError(error.code, error.message, _revert_data(error.data))
    refusal = refusals.read(error.code, error.message)
    if refusal.limit is refusals.Limit.RATE:
        raise NodeFailed(Failure.RATE_LIMITED, error.message)
    if call.method == _LOGS_METHOD and refusal.limit in refusals.RANGE_LIMITS:
        return RangeRefused(error.code, error.message, refusal)
    return RpcError(error.code, error.message, _revert_data(error.data))


def _revert_data(data: typing.Any) -> bytes:
    """Nodes give the data of a revert as hex, some within an object; others say nothing usable."""
    found = data.get("data") if isinstance(data, dict) else data
    if not isinstance(found, str):
        return b""
    try:
        return hexes.parse_bytes(found)
    except errors.Rejected:
        return b""
