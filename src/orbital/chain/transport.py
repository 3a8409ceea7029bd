"""New heads over WebSocket, as they come.

A subscription says that there is something new; it promises neither completeness nor order (after a reorg some nodes
send the replaced heights again, others nothing), so a follower compares every head with what it knows and fetches the
rest over `rpc`. Reconnecting is the caller's business: whatever ends the stream raises Unavailable.
"""

import asyncio
import collections.abc
import contextlib
import typing
import urllib.parse

import msgspec
import websockets
from websockets.asyncio import client

from orbital.chain import blocks
from orbital.chain.blocks import Header
from orbital.domain import errors
from orbital.domain.types import ChainId

OPEN_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 1.0
MAX_MESSAGE_BYTES = 1 << 20


class _Params(msgspec.Struct):
    result: msgspec.Raw


class _Message(msgspec.Struct):
    id: int | None = None
    result: str | None = None
    error: typing.Any = None
    params: _Params | None = None


_MESSAGE = msgspec.json.Decoder(_Message)
_CHAIN_ID_REQUEST = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
_SUBSCRIBE_REQUEST = '{"jsonrpc":"2.0","id":2,"method":"eth_subscribe","params":["newHeads"]}'


def place_of(ws_url: str) -> str:
    """Host and port, for messages and figures: the rest of a URL may be a secret."""
    return urllib.parse.urlsplit(ws_url).netloc.rpartition("@")[2]


async def follow_heads(ws_url: str, chain_id: ChainId) -> collections.abc.AsyncGenerator[Header, None]:
    """Yield every head that the node announces from now on; close it with `contextlib.aclosing`.

    Raises Unavailable("chain_unavailable") when the node can't be reached, refuses, or the connection ends, and
    Corrupt("wrong_chain") for a node of another chain.
    """
    async with _subscription(ws_url, chain_id) as connection:
        while True:
            message = _MESSAGE.decode(await connection.recv())
            if message.params is None:
                continue
            head = blocks.decode_header(message.params.result)
            if head is not None:
                yield head


async def check(ws_url: str, chain_id: ChainId) -> None:
    """Return if the node is one of the chain and takes a subscription to its heads; raises as `follow_heads` does."""
    async with _subscription(ws_url, chain_id):
        return


@contextlib.asynccontextmanager
async def _subscription(ws_url: str, chain_id: ChainId) -> collections.abc.AsyncIterator[client.ClientConnection]:
    try:
        async with client.connect(
            ws_url,
            open_timeout=OPEN_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            max_size=MAX_MESSAGE_BYTES,
            proxy=None,
        ) as connection:
            await _subscribe(connection, chain_id)
            yield connection
    except (OSError, websockets.WebSocketException, msgspec.MsgspecError) as failure:
        detail = f"The stream of heads of chain {chain_id} ended: {type(failure).__name__}."
        raise errors.Unavailable("chain_unavailable", detail) from failure


async def _subscribe(connection: client.ClientConnection, chain_id: ChainId) -> None:
    async with asyncio.timeout(OPEN_TIMEOUT_SECONDS):
        found = blocks.decode_quantity(msgspec.json.encode(await _ask(connection, _CHAIN_ID_REQUEST)))
        if found != chain_id:
            raise errors.Corrupt("wrong_chain", f"The node is one of chain {found}, not of {chain_id}.")
        await _ask(connection, _SUBSCRIBE_REQUEST)


async def _ask(connection: client.ClientConnection, request: str) -> str:
    await connection.send(request)
    message = _MESSAGE.decode(await connection.recv())
    if message.result is None:
        raise errors.Unavailable("chain_unavailable", f"The node does not announce heads: {message.error}.")
    return message.result
