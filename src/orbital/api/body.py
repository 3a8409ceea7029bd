"""Bodies and queries, read strictly: one text has one meaning, or it is refused.

Taken is JSON in UTF-8 (RFC 8259) of at most 16 KiB that arrives within 10 s. Refused as malformed are NaN, Infinity and
numbers that overflow to it, duplicate keys, lone surrogates, NUL, byte order marks and nesting above 32: readers
disagree about all of them, and what is signed must not depend on the reader. Then a pydantic model says what the JSON
means; unknown fields and unknown query parameters are errors.
"""

import asyncio
import json
import math
import re
from collections.abc import Iterable
from typing import Any, Final, TypeVar

import pydantic
from starlette.requests import Request

from orbital.api.errors import Malformed, TooLarge, TooSlow, UnsupportedType, of_fields, of_validation
from orbital.domain.errors import FieldError, Rejected

BODY_BYTES_MAX: Final = 16 * 1024
BODY_SECONDS_MAX: Final = 10.0
NESTING_MAX: Final = 32

Model = TypeVar("Model", bound=pydantic.BaseModel)


class Nothing(pydantic.BaseModel, extra="forbid"):
    """No fields at all."""


_ESCAPE: Final = "\\u"
"""What alone can write NUL or half a surrogate pair: UTF-8 has no code for the one, JSON takes no bare other."""
_STRING: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_CONTENT_TYPE: Final = re.compile(r'application/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?', re.IGNORECASE)


async def read(request: Request, model: type[Model]) -> Model:
    """The body as `model`. Raises UnsupportedType, TooLarge, TooSlow, Malformed or Rejected with a pointer a field."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise UnsupportedType("unsupported_media_type", "The body must come without a content encoding.")
    if _CONTENT_TYPE.fullmatch(request.headers.get("content-type", "").strip()) is None:
        raise UnsupportedType("unsupported_media_type", "The body must be application/json in UTF-8.")
    return validate(model, decode(await read_bytes(request)))


async def read_nothing(request: Request) -> None:
    """For operations without a body. Raises TooLarge, TooSlow, or Rejected if there is one."""
    if await read_bytes(request):
        raise Rejected(
            "invalid_request", "This operation takes no body.", (FieldError("", "unknown_field", "A body."),)
        )


async def read_bytes(request: Request, seconds: float = BODY_SECONDS_MAX) -> bytes:
    """The whole body, without ever holding more than the limit and one chunk, or waiting longer than `seconds`."""
    if _is_too_large(request.headers.get("content-length", "0")):
        raise _too_large()
    try:
        async with asyncio.timeout(seconds):
            return await _collect(request)
    except TimeoutError as failure:
        raise TooSlow("body_too_slow", f"The body did not arrive within {seconds:g} s.") from failure


def query(request: Request, model: type[Model]) -> Model:
    """The query string as `model`. Raises Rejected for a parameter that is unknown, given twice or out of range."""
    items = request.query_params.multi_items()
    names = [name for name, _ in items]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(names) <= NESTING_MAX else names[:1]
    if twice:
        raise of_fields(tuple(FieldError(f"/{name}", "invalid_type", "Given more than once.") for name in twice))
    return validate(model, dict(items))


def decode(data: bytes) -> Any:
    """JSON as Python values. Raises Malformed."""
    try:
        text = data.decode("utf-8")
        _check_nesting(text)
        value = _DECODER.decode(text)
    except ValueError as failure:  # also UnicodeDecodeError, JSONDecodeError, and integers of absurd length
        raise Malformed("malformed", "The body is not JSON as this service takes it.") from failure
    if _ESCAPE in text:
        _check_texts((value,))
    return value


def validate(model: type[Model], value: Any) -> Model:
    """The decoded value as `model`; Rejected otherwise."""
    if not isinstance(value, dict):
        raise of_fields((FieldError("", "invalid_type", "An object is needed."),))
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as failure:
        raise of_validation(failure) from failure


async def _collect(request: Request) -> bytes:
    parts, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > BODY_BYTES_MAX:
            raise _too_large()
        parts.append(chunk)
    return b"".join(parts)


def _check_nesting(text: str) -> None:
    if text.count("[") + text.count("{") <= NESTING_MAX:
        return
    depth = 0
    for mark in re.findall(r"[\[\]{}]", _STRING.sub("", text)):
        depth += 1 if mark in "[{" else -1
        if depth > NESTING_MAX:
            raise ValueError("nested too deeply")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(name)


def _parse_finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _check_texts(values: Iterable[Any]) -> None:
    for value in values:
        if isinstance(value, str):
            if "\0" in value or not _is_unicode(value):
                raise Malformed("malformed", "A text holds NUL or half a surrogate pair.")
        elif isinstance(value, dict):
            _check_texts(value.keys())
            _check_texts(value.values())
        elif isinstance(value, list):
            _check_texts(value)


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text) if not text.isascii() else True


def _is_too_large(announced: str) -> bool:
    """Whether this Content-Length is a number above the limit, however many digits it has."""
    if not (announced.isascii() and announced.isdigit()):
        return False
    digits = announced.lstrip("0")
    return len(digits) > len(str(BODY_BYTES_MAX)) or int(digits or "0") > BODY_BYTES_MAX


def _too_large() -> TooLarge:
    return TooLarge("body_too_large", f"A body has at most {BODY_BYTES_MAX} bytes.")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_parse_finite
)
