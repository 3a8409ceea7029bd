"""Answers that need not see the whole body arrive all the same, also at who reads only when everything is sent.

A socket that is closed over unread bytes resets the connection, and a reset destroys what its caller has not read yet:
the answer itself (RFC 9112, 9.6). Who closes after an answer may be the caller by his request, the answer, or a server
that stops. So an answer over whose body the application did not care goes first; then what still comes is read and
thrown away, within bounds, until the body ends or the caller leaves. Only then the answer ends.
"""

import asyncio
import contextlib
from typing import Final

from starlette.types import Message, Receive, Scope, Send

LINGER_BYTES_MAX: Final = 1024 * 1024
LINGER_SECONDS_MAX: Final = 5.0

_ANNOUNCING: Final = frozenset({b"content-length", b"transfer-encoding"})


def around(scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
    """What an application is handed in place of `receive` and `send`: the same for a request without a body."""
    if not any(name in _ANNOUNCING for name, _ in scope["headers"]):
        return receive, send
    is_read = False

    async def receive_and_note() -> Message:
        nonlocal is_read
        message = await receive()
        is_read = not message.get("more_body", False)  # also of who has left
        return message

    async def send_and_linger(message: Message) -> None:
        if is_read or message["type"] != "http.response.body" or message.get("more_body", False):
            await send(message)
            return
        await send({**message, "more_body": True})
        await _discard(receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    return receive_and_note, send_and_linger


async def _discard(receive: Receive) -> None:
    size = 0
    with contextlib.suppress(TimeoutError):  # it had its time, and the answer is out
        async with asyncio.timeout(LINGER_SECONDS_MAX):
            while size < LINGER_BYTES_MAX:
                message = await receive()
                if not message.get("more_body", False):  # also of who has left
                    return
                size += len(message["body"])
