"""Strict JSON: what is taken is what every reader understands alike."""

import json

import hypothesis
import pytest
from hypothesis import strategies as st

from orbital.api import body
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
