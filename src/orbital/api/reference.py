"""The documentation page at `/docs`: Swagger UI, served from this package, so it works without internet.

The page may load and do nothing but what comes from this service. Its own styles need `unsafe-inline`; scripts don't.
"""

import importlib.resources
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from orbital.domain.errors import NotFound

_WEB: Final = importlib.resources.files("orbital").joinpath("web")
_FILES: Final = {
    "": ("docs.html", "text/html; charset=utf-8"),
    "start.js": ("docs.js", "text/javascript; charset=utf-8"),
    "swagger-ui-bundle.js": ("swagger-ui/swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    "swagger-ui.css": ("swagger-ui/swagger-ui.css", "text/css; charset=utf-8"),
}
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; font-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "public, max-age=3600",
}


async def read(request: Request) -> Response:
    """One file of the page."""
    found = _FILES.get(request.path_params.get("name", ""))
    if found is None:
        raise NotFound("not_found", "There is no such file.")
    path, media_type = found
    return Response(_WEB.joinpath(path).read_bytes(), headers=_HEADERS, media_type=media_type)


ROUTES: Final = (
    Route("/docs", read, methods=["GET"], include_in_schema=False),
    Route("/docs/{name}", read, methods=["GET"], include_in_schema=False),
)
