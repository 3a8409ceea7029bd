"""What OpenAPI says of an operation: its body, its query, its answers and errors, each with an example.

Bodies and queries are read by our own strict reader, so the framework is told about them here.
"""

from typing import Any, Final

import pydantic

from orbital.api import errors

COMPONENTS: Final = "#/components/schemas/{model}"
SECURITY_SCHEME: Final = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}

_A: Final = "0x" + "11" * 20
_ID: Final = "0x" + "ab" * 32
_SIGNATURE: Final = "0x" + "12" * 64 + "1b"
SUBMISSION: Final[dict[str, Any]] = {
    "intent": {
        "user": _A,
        "recipient": _A,
        "origin_chain_id": 31337,
        "destination_chain_id": 31338,
        "input_token": "0x" + "22" * 20,
        "input_amount": "1000000",
        "output_token": "0x" + "33" * 20,
        "min_output_amount": "995000",
        "nonce": "1",
        "open_deadline": 1800000600,
        "fill_deadline": 1800004200,
        "auctioneer": "0x" + "44" * 20,
    },
    "signature": _SIGNATURE,
}
BID: Final[dict[str, Any]] = {
    "bid": {"intent_id": _ID, "solver": _A, "output_amount": "998000", "valid_until": 1800000060},
    "signature": _SIGNATURE,
}
CHALLENGE: Final[dict[str, Any]] = {"address": _A, "chain_id": 31337}
REFRESH: Final[dict[str, Any]] = {"refresh_token": "FDdXnJ5nhGT-XtDkNOnM8GR5mE8q2mCQHWmDMEvM2ZA"}
LOGIN: Final[dict[str, Any]] = {"message": "localhost wants you to sign in …", "signature": _SIGNATURE}

_PROBLEMS: Final = {
    304: "Nothing new since the given ETag",
    400: "Not JSON",
    401: "Not logged in",
    403: "Not allowed",
    404: "Not found",
    409: "Not now",
    413: "Body too large",
    415: "Not application/json",
    422: "Wrong request; see `code` and `errors`",
    429: "Too many requests: try again after `Retry-After`",
    503: "Something is away: try again after `Retry-After`",
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
    return {"description": _PROBLEMS[status], "content": content}


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
