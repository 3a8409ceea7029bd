"""Which pages of other origins may call from a browser: those on the list, by exact match.

Nothing here rests on cookies, so credentials are never allowed; a page sends its token itself. A preflight is answered
before anything else sees it. Whoever is not on the list gets no word of this, and every answer varies by `Origin`, so
that no cache gives one origin's answer to another.
"""

from typing import Final

from starlette.responses import Response
from starlette.types import Scope

from orbital.api import errors

ANY: Final = "*"
MAX_AGE_SECONDS: Final = 600
METHODS: Final = ("GET", "HEAD", "POST", "PUT")
REQUEST_HEADERS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID")
EXPOSED: Final = (
    "X-Request-ID",
    "ETag",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Idempotent-Replayed",
)

RawHeaders = tuple[tuple[bytes, bytes], ...]

_VARY: Final = (b"vary", b"Origin")
_EXPOSE: Final = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
_ALLOW_ORIGIN: Final = b"access-control-allow-origin"
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": ", ".join(METHODS),
    "Access-Control-Allow-Headers": ", ".join(REQUEST_HEADERS),
    "Access-Control-Max-Age": str(MAX_AGE_SECONDS),
}


class Policy:
    """`origins` are exact (`https://app.example`), or `*` alone for everybody."""

    def __init__(self, origins: frozenset[str]) -> None:
        self._allowed: dict[bytes, RawHeaders] = {
            one.encode(): (_VARY, (_ALLOW_ORIGIN, one.encode()), _EXPOSE) for one in origins
        }
        self._others = self._allowed.pop(ANY.encode(), (_VARY,))

    def headers_for(self, scope: Scope) -> RawHeaders:
        """What every answer to this request has besides its own headers."""
        origin = _header(scope, b"origin")
        return (_VARY,) if origin is None else self._allowed.get(origin, self._others)

    def preflight(self, scope: Scope, request_id: str) -> Response | None:
        """The answer to a preflight; None for every other request."""
        if scope["method"] != "OPTIONS" or _header(scope, b"origin") is None:
            return None
        if _header(scope, b"access-control-request-method") is None:
            return None
        if self.headers_for(scope) == (_VARY,):
            return errors.problem(403, "forbidden", "Pages of this origin may not call.", request_id)
        return Response(status_code=204, headers=_PREFLIGHT)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    for name, value in scope["headers"]:
        if name == wanted:
            found: bytes = value
            return found
    return None
