"""What OpenAPI says of an operation: its body, its query, its answers and errors, each with an example.

Bodies and queries are read by our own strict reader, so the framework is told about them here.
"""

from typing import Any, Final

import pydantic

from orbital.api import errors

COMPONENTS: Final = "#/components/schemas/{model}"
SECURITY_SCHEME: Final = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

_PROBLEMS: Final = {
    304: "Nothing new since the given ETag",
    400: "Not JSON",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    408: "Body too slow",
    409: "Not now",
    413: "Body too large",
    415: "Not application/json",
    422: "Wrong request; see `code` and `errors`",
    429: "Too many requests: try again after `Retry-After`",
    503: "Something is away (`unavailable`, `chain_unavailable`) or has too much to do (`overloaded`): try again after "
    "`Retry-After`",
}
_RETRY_AFTER: Final = {
    "Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 0}, "description": "In seconds."}
}
_HEADERS: Final[dict[int, dict[str, Any]]] = {
    401: {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}, "description": "Bearer."}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}


class ProblemField(pydantic.BaseModel):
    pointer: str
    code: str
    detail: str


class Problem(pydantic.BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[ProblemField] | None = None


def takes(model: type[pydantic.BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """The operation's JSON body."""
    schema = model.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inline(schema, schema.get("$defs", {})), "example": example}},
        }
    }


def asks(model: type[pydantic.BaseModel]) -> dict[str, Any]:
    """The operation's query parameters."""
    properties = model.model_json_schema()["properties"]
    return {
        "parameters": [
            {"name": name, "in": "query", "required": False, "schema": one} for name, one in properties.items()
        ]
    }


def answers(
    model: type[pydantic.BaseModel] | None, status: int, *problems: int, also: int | None = None
) -> dict[int | str, dict[str, Any]]:
    """What comes back: `model` with `status` (and with `also`), and the problems that can be."""
    found: dict[int | str, dict[str, Any]] = {one: problem(one) for one in problems}
    if 304 in found:
        del found[304]["content"]
    for one in (status, also):
        if one is not None:
            found[one] = {"description": "Done"} if model is None else {"model": model, "description": "Done"}
    return found


def problem(status: int) -> dict[str, Any]:
    """An answer that says no."""
    content = {errors.PROBLEM_TYPE: {"schema": {"$ref": COMPONENTS.format(model=Problem.__name__)}}}
    said = {"description": _PROBLEMS[status], "content": content}
    return {**said, "headers": _HEADERS[status]} if status in _HEADERS else said


def shared_schemas() -> dict[str, Any]:
    """The schemas that operations refer to and the framework does not know of."""
    schema = Problem.model_json_schema(ref_template=COMPONENTS)
    return {**schema.pop("$defs"), Problem.__name__: schema}


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with its references resolved; ours have no cycles."""
    if isinstance(schema, list):
        return [_inline(one, definitions) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inline(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    return {name: _inline(one, definitions) for name, one in schema.items() if name != "$defs"}
