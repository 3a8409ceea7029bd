"""What every answer has, whatever made it: a request id, security headers, figures, and never a bare stack trace.

HEAD is answered wherever GET is, with the headers that GET would have, and no answer is lost by what its request still
sends (`lingering`). Plain ASGI, so that a hot read pays next to nothing for it.
"""

import functools
import re
import secrets
import time
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orbital.api import cors, errors, lingering
from orbital.observe import logging, metrics

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,128}")
SECURITY_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
HTTPS_HEADER: Final = ("Strict-Transport-Security", "max-age=31536000")

_SECONDS: Final = metrics.histogram(
    "orbital_http_request_seconds",
    "Time to answer a request, by route and status.",
    (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25),
    ("method", "route", "status"),
)
_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
_TRACED: Final = b"x-request-id"
_log = logging.get_logger("api")


class Edge:
    """Wraps the application. `is_https`: callers reach it by HTTPS, and browsers are told to keep to that."""

    def __init__(self, app: ASGIApp, *, origins: cors.Policy | None = None, is_https: bool = False) -> None:
        self._app = app
        self._origins = origins
        wanted = (*SECURITY_HEADERS, HTTPS_HEADER) if is_https else SECURITY_HEADERS
        self._security = tuple((name.lower().encode(), value.encode()) for name, value in wanted)
        self._names = frozenset(name for name, _ in self._security)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        receive, send = lingering.around(scope, receive, send)
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        asked, is_head = scope, scope["method"] == "HEAD"
        if is_head:
            asked = {**scope, "method": "GET"}
        started, status = time.perf_counter(), 0
        added = () if self._origins is None else self._origins.headers_for(scope)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {name for name, _ in message["headers"]}
                given = (
                    self._security if own.isdisjoint(self._names) else [o for o in self._security if o[0] not in own]
                )
                traced = (_TRACED, request_id.encode())
                message["headers"] = [*message["headers"], *given, traced, *added]
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        preflight = None if self._origins is None else self._origins.preflight(scope, request_id)
        try:
            await (preflight or self._app)(asked, receive, send_with_headers)
        except ClientDisconnect:
            _log.debug("client_left", path=scope["path"], request_id=request_id)
        except Exception:
            _log.exception("crashed", path=scope["path"], request_id=request_id)
            if status:
                raise
            answer = errors.problem(500, "internal", "This is a fault of the service.", request_id)
            await answer(scope, receive, send_with_headers)
        finally:
            _series(_method(scope), _route(asked), status).observe(time.perf_counter() - started)


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == _TRACED), b"").decode("latin-1")
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)


@functools.cache  # looking a series up costs more than counting in it; there are as many as figures show
def _series(method: str, route: str, status: int) -> metrics.Histogram:
    return _SECONDS.labels(method, route, status)


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in _METHODS else "other"


def _route(scope: Scope) -> str:
    """The route's pattern, never the path itself: a label must not grow with what callers invent."""
    return getattr(scope.get("route"), "path", "unmatched")
