"""JSON answers as ready bytes, and the small conversions around lists."""

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.responses import Response

from orbital.domain.types import ChainId, IntentId, UnixSeconds


def json(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer whose bytes are ready: the framework validates and copies nothing."""
    return Response(orjson.dumps(content), status, headers, "application/json")


def etag_of(content: Any) -> str:
    """A strong validator of an answer's content."""
    return '"' + hashlib.blake2b(orjson.dumps(content), digest_size=16).hexdigest() + '"'


def chain_id(number: int | None) -> ChainId | None:
    return None if number is None else ChainId(number)


def at_second(after: tuple[int, IntentId] | None) -> tuple[UnixSeconds, IntentId] | None:
    return None if after is None else (UnixSeconds(after[0]), after[1])
