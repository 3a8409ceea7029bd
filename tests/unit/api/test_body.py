"""Strict JSON: what is taken is what every reader understands alike."""

import asyncio
import json

import hypothesis
import pytest
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from orbital.api import body, errors
from orbital.api.errors import Malformed

texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@hypothesis.given(values)
def test_what_is_good_json_is_read_as_it_is(value):
    assert body.decode(json.dumps(value, ensure_ascii=False).encode()) == value
    assert body.decode(json.dumps(value).encode()) == value


@hypothesis.given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(data):
    try:
        value = body.decode(data)
    except Malformed:
        return
    assert json.loads(data) == value


def test_nesting_of_32_is_the_deepest():
    assert body.decode(b"[" * 32 + b"]" * 32)
    with pytest.raises(Malformed):
        body.decode(b"[" * 33 + b"]" * 33)


def request_of(chunks: list[bytes], *headers: tuple[bytes, bytes]) -> Request:
    """A request whose body starts with `chunks` and never ends."""
    left = list(chunks)

    async def receive() -> Message:
        if not left:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": left.pop(0), "more_body": True}

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)


async def test_body_that_never_ends_is_given_up_and_its_connection_closed():
    with pytest.raises(errors.TooSlow) as caught:
        await body.read_bytes(request_of([b"{"]), seconds=0.05)
    answer = errors.respond(caught.value, "r")
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")


async def test_large_body_is_refused_before_its_end_and_its_connection_closed():
    with pytest.raises(errors.TooLarge) as caught:
        await body.read_bytes(request_of([b" " * 10_000, b" " * 10_000]))
    answer = errors.respond(caught.value, "r")
    assert (answer.status_code, answer.headers["connection"]) == (413, "close")


async def test_encoded_body_is_refused():
    json_type = (b"content-type", b"application/json")
    with pytest.raises(errors.UnsupportedType):
        await body.read(request_of([], json_type, (b"content-encoding", b"gzip")), body.Nothing)
