"""The read that everybody repeats, one intent by its id, answered ahead of the framework's routing.

What is answered is made by the function behind the documented route, which also answers whatever is not exactly this
request (a query, an odd path): so there is one meaning of the operation, and two ways to it.
"""

from typing import Final

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from orbital.api import errors, intents
from orbital.api.deps import Services
from orbital.domain.errors import OrbitalError

PREFIX: Final = "/api/v1/intents/0x"
PATH_LENGTH: Final = len(PREFIX) + 64
_ID_START: Final = len(PREFIX) - 2
_TYPE: Final = (b"content-type", b"application/json")


class _Named:
    """What figures call this route: the pattern of the documented one."""

    path = "/api/v1/intents/{intent_id}"


class Hot:
    """Middleware that answers this one read; everything else passes."""

    def __init__(self, app: ASGIApp, services: Services) -> None:
        self._app = app
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not is_hot(scope):
            await self._app(scope, receive, send)
            return
        scope["route"] = _Named
        try:
            content = orjson.dumps(await intents.load_shown(self._services, scope["path"][_ID_START:]))
        except OrbitalError as failure:
            await errors.respond(failure, scope["state"]["request_id"])(scope, receive, send)
            return
        headers = [_TYPE, (b"content-length", str(len(content)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})


def is_hot(scope: Scope) -> bool:
    """Whether this is a plain GET of what may be an intent."""
    if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
        return False
    path: str = scope["path"]
    return len(path) == PATH_LENGTH and path.startswith(PREFIX) and "/" not in path[_ID_START:]
