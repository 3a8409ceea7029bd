"""What a node's HTTP says about waiting."""

import datetime as dt

import pytest

from orbital.chain import jsonrpc

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Wed, 04 Mar 2026 05:06:37 GMT", 30.0),
        ("Wed, 04 Mar 2026 05:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("²", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_has_seconds_or_a_date(text: str | None, seconds: float | None) -> None:
    assert jsonrpc.read_retry_after(text, NOW) == seconds
