"""An answer that ends the connection while its caller may still be sending.

A socket that is closed over unread bytes resets the connection, and a reset destroys what its caller has not read yet:
the answer itself (RFC 9112, 9.6). So the answer goes first; then what still comes is read and thrown away, within
bounds, until the body ends or the caller, who was told that the connection closes, leaves.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

LINGER_BYTES_MAX: Final = 1024 * 1024
LINGER_SECONDS_MAX: Final = 5.0


class Lingering(Response):
    """A whole answer that says `Connection: close`, and ends only after the rest of the request."""

    def init_headers(self, headers: Mapping[str, str] | None = None) -> None:
        """The headers given, and that the connection closes."""
        super().init_headers({**(headers or {}), "Connection": "close"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, then throw the rest away."""

        async def send_and_linger(message: Message) -> None:
            if message["type"] != "http.response.body":
                await send(message)
                return
            await send({**message, "more_body": True})
            await _discard(receive)
            await send({"type": "http.response.body", "body": b"", "more_body": False})

        await super().__call__(scope, receive, send_and_linger)


async def _discard(receive: Receive) -> None:
    size = 0
    with contextlib.suppress(TimeoutError):  # it had its time, and the answer is out
        async with asyncio.timeout(LINGER_SECONDS_MAX):
            while size < LINGER_BYTES_MAX:
                message = await receive()
                if not message.get("more_body", False):  # also of who has left
                    return
                size += len(message["body"])
