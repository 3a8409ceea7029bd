"""Cursors: what was made here comes back, nothing else is taken."""

import datetime as dt

import pytest

from orbital.api import paging
from orbital.domain.errors import Rejected

ID = b"\xab" * 32


def test_cursor_comes_back_exactly():
    time = dt.datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=dt.UTC)
    assert paging.decode("a", paging.encode("a", 7, ID)) == (7, ID)
    assert paging.decode_time("a", paging.encode_time("a", time, ID)) == (time, ID)
    assert paging.decode("a", None) is None


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "é",
        "!!!!",
        paging.encode("b", 7, ID),
        paging.encode("a", -1, ID),
        paging.encode("a", 2**63, ID),
        paging.encode("a", 7, ID[:-1]),
        paging.encode("a", 7, ID) + "=",
        paging.encode("a", 7, ID)[:-1],
    ],
)
def test_any_other_cursor_is_refused(cursor):
    with pytest.raises(Rejected) as caught:
        paging.decode("a", cursor)
    assert caught.value.code == "invalid_request"


def test_time_beyond_the_calendar_is_refused():
    with pytest.raises(Rejected):
        paging.decode_time("a", paging.encode("a", 2**62, ID))
