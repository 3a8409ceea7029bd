"""The whole contract: what the routes say, completed by what holds for every operation.

Operations state what is theirs alone; who may call, the headers that are understood, the errors of bodies, queries,
limits and idempotency, and an example of each answer are written in here. Nothing of it needs a running service, so
the document that is kept in `docs/openapi.json` can be compared with the code.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, Final

import fastapi

from orbital.api import access, docs, edge, examples, idempotency, limits

TITLE: Final = "Orbital"
DESCRIPTION: Final = (
    "Cross-chain intents: an offer is signed once, auctioned among bonded solvers, delivered, and settled on chain."
)

_REQUEST_ID: Final[Mapping[str, Any]] = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Names this request in answers and logs; anything else than such a text is replaced.",
    "schema": {"type": "string", "pattern": f"^{edge.REQUEST_ID.pattern}$"},
    "example": "checkout-7f3a",
}
_IF_NONE_MATCH: Final[Mapping[str, Any]] = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "The `ETag` of the answer that is known: 304 while it is still the same.",
    "schema": {"type": "string"},
    "example": '"0f4c1c1a9a0b4f7a8a55e3a1c2d4b6f8"',
}
_FRAMEWORK_SCHEMAS: Final = ("HTTPValidationError", "ValidationError")
"""Of the framework's own 422, which no operation answers."""


def build(routers: Sequence[fastapi.APIRouter], version: str) -> dict[str, Any]:
    """The contract of these routers, without anything that they need to run."""
    app = fastapi.FastAPI(title=TITLE, version=version)
    for router in routers:
        app.include_router(router)
    complete(app)
    return app.openapi()


def complete(app: fastapi.FastAPI) -> None:
    """Let the application answer the completed contract; it is built once, when it is first asked for."""
    built = app.openapi

    @functools.cache
    def openapi() -> dict[str, Any]:
        schema = built()
        schema["info"]["description"] = DESCRIPTION
        components = schema.setdefault("components", {})
        components["securitySchemes"] = {"bearer": docs.SECURITY_SCHEME}
        kept = {name: one for name, one in components.get("schemas", {}).items() if name not in _FRAMEWORK_SCHEMAS}
        components["schemas"] = {**kept, **docs.shared_schemas()}
        access.describe(app.routes, schema["paths"])
        idempotency.describe(schema["paths"])
        limits.describe(schema["paths"])
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                _add_errors(method, operation)
                _add_headers(operation)
                _add_example(operation)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _add_errors(method: str, operation: dict[str, Any]) -> None:
    """Every operation refuses unknown query parameters; POST and PUT read, and bound, what comes as the body."""
    responses = operation["responses"]
    responses["422"] = docs.problem(422)  # also in place of the framework's own
    general = {408, 413} if method in {"post", "put"} else set()
    general |= {400, 415} if "requestBody" in operation else set()
    for status in general:
        responses.setdefault(str(status), docs.problem(status))
    operation["responses"] = dict(sorted(responses.items()))


def _add_headers(operation: dict[str, Any]) -> None:
    given = [_IF_NONE_MATCH] if "304" in operation["responses"] else []
    operation["parameters"] = [*operation.get("parameters", ()), *given, _REQUEST_ID]


def _add_example(operation: dict[str, Any]) -> None:
    example = examples.ANSWERS.get(operation["operationId"])
    for status in ("200", "201"):
        for content in operation["responses"].get(status, {}).get("content", {}).values():
            content["example"] = example
