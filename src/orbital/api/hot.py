"""What everybody repeats, reading an intent by its id and submitting one, done ahead of the framework's routing.

What is answered is made by the function behind the documented route, which also answers whatever is not exactly such a
request (a query, an odd path): so there is one meaning of each operation, and two ways to it.
"""

from typing import Final

import orjson
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from orbital.api import errors, intents
from orbital.api.deps import Services
from orbital.domain.errors import OrbitalError

SUBMISSIONS: Final = "/api/v1/intents"
PREFIX: Final = f"{SUBMISSIONS}/0x"
PATH_LENGTH: Final = len(PREFIX) + 64
_ID_START: Final = len(PREFIX) - 2
_TYPE: Final = (b"content-type", b"application/json")


class _Read:
    """What figures call this route: the pattern of the documented one."""

    path = "/api/v1/intents/{intent_id}"


class _Submit:
    path = SUBMISSIONS


class Hot:
    """Middleware that answers these two; everything else passes."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if is_read(scope):
            await self._read(scope, receive, send)
        elif is_submission(scope):
            await self._submit(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _submit(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Submit
        try:
            answer = await intents.submit(Request(scope, receive), self._services)
        except OrbitalError as failure:
            answer = errors.respond(failure, scope["state"]["request_id"])
        await answer(scope, receive, send)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = _Read
        try:
            content = orjson.dumps(await intents.load_shown(self._services, scope["path"][_ID_START:]))
        except OrbitalError as failure:
            await errors.respond(failure, scope["state"]["request_id"])(scope, receive, send)
            return
        headers = [_TYPE, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def is_submission(scope: Scope) -> bool:
    """Whether this is a plain POST of an intent."""
    return bool(
        scope["type"] == "http"
        and scope["method"] == "POST"
        and scope["path"] == SUBMISSIONS
        and not scope["query_string"]
    )


def is_read(scope: Scope) -> bool:
    """Whether this is a plain GET of what may be an intent."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
        return False
    path: str = scope["path"]
    return len(path) == PATH_LENGTH and path.startswith(PREFIX) and "/" not in path[_ID_START:]
