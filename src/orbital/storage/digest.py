"""Fingerprints of ledger and projections: two databases that saw the same have the same, however they came to it.

The order in which facts arrived (`seq`) and when (`recorded_at`) are left out, as is what a node said of its heads.
"""

from collections.abc import Mapping
from typing import Final

from orbital.storage import sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("digest")
_WRAP: Final = """
SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex')
FROM (SELECT row::text AS line FROM ({}) AS rows) AS lines
"""


async def digest(connection: Connection) -> Mapping[str, str]:
    """SHA-256 in hex of each table's rows, by table. While others write, only a repeatable-read transaction shows
    all tables at one moment.
    """
    return {table: await connection.fetchval(_WRAP.format(query)) for table, query in _QUERIES.items()}
