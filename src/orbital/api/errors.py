"""Errors as answers: RFC 9457 problems, from one table of classes.

`STATUS` is the only place that knows which class of error is which HTTP status; a subclass has its parent's unless it
stands here itself. Shape errors of bodies and queries become one Rejected with a pointer to each faulty field. Nothing
that a caller sends ends as a 500: that is left to bugs and to Corrupt.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
import pydantic
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from orbital.domain import errors
from orbital.domain.errors import FieldError, OrbitalError
from orbital.observe import logging

PROBLEM_TYPE: Final = "application/problem+json"
FIELD_ERRORS_MAX: Final = 50


class Malformed(errors.Rejected):
    """The body is no JSON as we take it."""


class TooLarge(errors.Rejected):
    """The body is larger than any that makes sense."""


class TooSlow(errors.Rejected):
    """The body did not arrive in time."""


class UnsupportedType(errors.Rejected):
    """The body says that it is something else than JSON."""


class MethodNotAllowed(errors.Rejected):
    """The path is there, for other methods: `allowed`."""

    def __init__(self, allowed: frozenset[str]) -> None:
        super().__init__("method_not_allowed", "This path takes other methods.")
        self.allowed = allowed


STATUS: Final[Mapping[type[OrbitalError], int]] = {
    Malformed: 400,
    TooSlow: 408,
    TooLarge: 413,
    UnsupportedType: 415,
    MethodNotAllowed: 405,
    errors.Rejected: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Unavailable: 503,
    errors.Corrupt: 500,
}

OWN_CODES: Final = frozenset(
    {"invalid_amount", "invalid_address", "invalid_signature", "unsupported_chain", "deadline_out_of_range"}
)
"""Codes that one faulty field gives to the whole answer."""

_SHAPES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("missing", "This is needed."),
    "nothing_given": ("missing", "At least one field is needed."),
    "extra_forbidden": ("unknown_field", "There is no such field."),
}
_log = logging.get_logger("api")


def status_of(kind: type[OrbitalError]) -> int:
    """The HTTP status of an error class, by its nearest ancestor in the table."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def of_validation(failure: pydantic.ValidationError) -> errors.Rejected:
    """Shape errors with their pointers; a single faulty field with a code of its own gives the answer that code."""
    found = failure.errors(include_url=False, include_input=False, include_context=False)
    return of_fields(tuple(_field_error(one) for one in found[:FIELD_ERRORS_MAX]))


def of_fields(fields: tuple[FieldError, ...]) -> errors.Rejected:
    only = fields[0] if len(fields) == 1 else None
    if only is not None and only.code in OWN_CODES:
        return errors.Rejected(only.code, only.detail, fields)
    return errors.Rejected("invalid_request", "The request does not have the right shape; see `errors`.", fields)


def not_found(detail: str = "There is no such thing.") -> errors.NotFound:
    return errors.NotFound("not_found", detail)


def respond(error: OrbitalError, request_id: str) -> Response:
    """The problem that an error is to its caller."""
    status = status_of(type(error))
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("corrupt", code=error.code, detail=error.detail, request_id=request_id)
    headers = _headers(error, status)
    return problem(status, error.code, error.detail, request_id, headers=headers, fields=error.fields)


def problem(
    status: int,
    code: str,
    detail: str,
    request_id: str,
    *,
    headers: Mapping[str, str] | None = None,
    fields: tuple[FieldError, ...] = (),
) -> Response:
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if fields:
        content["errors"] = [{"pointer": one.pointer, "code": one.code, "detail": one.detail} for one in fields]
    return Response(orjson.dumps(content), status, headers, PROBLEM_TYPE)


async def handle_orbital(request: Request, error: Exception) -> Response:
    """For the framework: our own errors."""
    assert isinstance(error, OrbitalError)
    return respond(error, request.state.request_id)


async def handle_http(request: Request, error: Exception) -> Response:
    """For the framework: what routing itself says, an unknown path above all."""
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "invalid_request")
    detail = "There is nothing at this path." if code == "not_found" else str(error.detail)
    return problem(error.status_code, code, detail, request.state.request_id, headers=error.headers)


def _headers(error: OrbitalError, status: int) -> dict[str, str]:
    if isinstance(error, errors.Unavailable):
        return {"Retry-After": str(error.retry_after_seconds)}
    if isinstance(error, MethodNotAllowed):
        also = {"HEAD"} if "GET" in error.allowed else set()
        return {"Allow": ", ".join(sorted(error.allowed | also))}
    if isinstance(error, TooLarge | TooSlow):
        return {"Connection": "close"}  # more than `lingering` throws away may come
    return {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}


def _field_error(found: Any) -> FieldError:
    kind, said = found["type"], found["msg"]
    code, detail = (kind, said) if kind in OWN_CODES else _SHAPES.get(kind, ("invalid_type", said))
    return FieldError(_pointer(found["loc"]), code, detail)


def _pointer(path: tuple[int | str, ...]) -> str:
    """RFC 6901."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
