"""Keyset paging: a page ends with a cursor that says after which row the next one starts.

So pages are stable under inserts and as fast at the end as at the start. To a caller a cursor is opaque; one that was
not made here is refused, and so is one of another list.
"""

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec

from orbital.api.errors import of_fields
from orbital.domain.errors import FieldError
from orbital.domain.types import IntentId

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 100
CURSOR_CHARS_MAX: Final = 256

Row = TypeVar("Row")
Key = tuple[int, str]

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_INT64_MAX: Final = 2**63 - 1
_KEY_BYTES: Final = frozenset({0, 20, 32})  # none, an address, an id


def page(
    rows: Sequence[Row], limit: int, render: Callable[[Row], Any], cursor_of: Callable[[Row], str]
) -> dict[str, Any]:
    """The first `limit` of `rows`, which were asked for one more: whether that came decides about a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return {"data": [render(one) for one in shown], "next_cursor": cursor_of(shown[-1]) if more else None}


def encode(kind: str, number: int, intent_id: bytes = b"") -> str:
    """A cursor of the list `kind`, after the row with this sort number and id."""
    return base64.urlsafe_b64encode(msgspec.json.encode([kind, number, intent_id.hex()])).decode().rstrip("=")


def decode(kind: str, cursor: str | None) -> tuple[int, IntentId] | None:
    """The row that the cursor stands after, None for the first page; Rejected for anything else."""
    if cursor is None:
        return None
    try:
        data = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found, number, key = msgspec.json.decode(data, type=tuple[str, int, str])
        intent_id = IntentId(bytes.fromhex(key))
    except (ValueError, binascii.Error, msgspec.MsgspecError) as failure:
        raise _refused() from failure
    is_ours = found == kind and 0 <= number <= _INT64_MAX and len(intent_id) in _KEY_BYTES
    if not is_ours or encode(kind, number, intent_id) != cursor:
        raise _refused()
    return number, intent_id


def encode_time(kind: str, time: dt.datetime, intent_id: bytes) -> str:
    """A cursor whose sort number is a time, exact to the microsecond of the database."""
    return encode(kind, (time - _EPOCH) // dt.timedelta(microseconds=1), intent_id)


def decode_time(kind: str, cursor: str | None) -> tuple[dt.datetime, IntentId] | None:
    after = decode(kind, cursor)
    if after is None:
        return None
    try:
        return _EPOCH + dt.timedelta(microseconds=after[0]), after[1]
    except OverflowError as failure:
        raise _refused() from failure


def _refused() -> Exception:
    return of_fields((FieldError("/cursor", "invalid_type", "This is no cursor of this list."),))
