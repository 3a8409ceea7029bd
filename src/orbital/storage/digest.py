"""Fingerprints of ledger and projections: two databases that stand for the same have the same, however they came to it.

What enters is what counts: canonical blocks, the facts that stand in them or off chain, and every column of every
projection. What tells how it came about is left out: the order in which facts arrived (`seq`) and when
(`recorded_at`), what a node says of its heads, how far finality is verified, blocks and facts that a reorg took, rows
that an intent or a solver left behind when all that was known of it fell, a passed deadline that nothing sets, and what
is counted of solvers, which grows with what is final and with the days.

So a run that was killed, one that saw reorgs, one that was rewound and one that indexed in peace can be compared.
A part's fingerprint is the SHA-256 of its rows' SHA-256 in ascending order, a row being its JSON as PostgreSQL writes
it; the total is the SHA-256 of one line `name rows fingerprint` a part.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orbital.storage import sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("digest")
_WRAP: Final = """
SELECT count(*) AS rows, encode(sha256(coalesce(string_agg(hash, ''::bytea ORDER BY hash), ''::bytea)), 'hex') AS sha256
FROM (SELECT sha256(convert_to(row::text, 'UTF8')) AS hash FROM ({}) AS rows) AS hashes
"""


@dataclass(frozen=True, slots=True)
class Part:
    """How many rows there are, and their fingerprint in hex."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Digest:
    """Fingerprints by part: blocks, facts, intents, deadlines, solvers, pools, checkpoints."""

    parts: Mapping[str, Part]

    @property
    def total(self) -> str:
        """One fingerprint of all parts, in hex."""
        lines = "".join(f"{name} {part.rows} {part.sha256}\n" for name, part in sorted(self.parts.items()))
        return hashlib.sha256(lines.encode()).hexdigest()


async def digest(connection: Connection) -> Digest:
    """The fingerprints now. While others write, only a `pool.snapshot` shows all parts at one moment."""
    found = {name: await connection.fetchrow(_WRAP.format(query)) for name, query in _QUERIES.items()}
    return Digest({name: Part(row["rows"], row["sha256"]) for name, row in found.items() if row is not None})
