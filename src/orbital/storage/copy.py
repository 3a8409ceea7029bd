"""Many rows at once through COPY: several times cheaper than statements, for both ends.

As text a row is a line, its fields joined by tabs: `hex_of` writes bytes, `text_of` what may hold anything; numbers and
names stand as they are, and `NULL` is no value. In binary a field is its length (-1 is no value) and its bytes, and a
row is the number of its fields, and they: a fifth cheaper for the server, for rows without large numbers.
"""

import itertools
import struct
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Final

from orbital.storage.pool import Connection

FEW: Final = 16
"""Up to so many rows a statement, which the server keeps prepared, is cheaper than a COPY."""

NULL: Final = "\\N"
NO_FIELD: Final = b"\xff\xff\xff\xff"
_AT_ONCE: Final = 128
"""Lines that are sent together."""

_LENGTH: Final = struct.Struct(">i")
_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = b"\xff\xff"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


async def copy(connection: Connection, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Append rows to a table, in the caller's transaction. A row that breaks a constraint ends it.

    Lines are asked for as they are sent: the server works on the first ones while the next are made.
    """
    await connection.copy_to_table(table, source=_send(lines), columns=list(columns), format="text")


async def copy_binary(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[bytes]) -> None:
    """The same of binary rows."""
    await connection.copy_to_table(table, source=_send_binary(rows), columns=list(columns), format="binary")


def field_of(value: bytes | None) -> bytes:
    """Bytes or a text as a field of a binary row."""
    return NO_FIELD if value is None else _LENGTH.pack(len(value)) + value


def hex_of(value: bytes | None) -> str:
    return NULL if value is None else "\\\\x" + value.hex()


def text_of(value: str) -> str:
    return value.translate(_ESCAPES) if "\\" in value or "\n" in value or "\t" in value or "\r" in value else value


async def _send(lines: Iterable[str]) -> AsyncIterator[bytes]:
    left = iter(lines)
    while some := list(itertools.islice(left, _AT_ONCE)):
        yield ("\n".join(some) + "\n").encode()


async def _send_binary(rows: Iterable[bytes]) -> AsyncIterator[bytes]:
    left = iter(rows)
    yield _BEGIN
    while some := b"".join(itertools.islice(left, _AT_ONCE)):
        yield some
    yield _END
