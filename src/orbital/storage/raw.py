"""Ranges of blocks as nodes gave them, packed by the indexer: what it needs to index a chain again without a node."""

from dataclasses import dataclass
from typing import Final

from orbital.domain.types import BlockNumber, ChainId
from orbital.storage import sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("raw")


@dataclass(frozen=True, slots=True)
class Range:
    """Blocks `first` to `last`, both included; `blob` is the indexer's, and may hold orphaned blocks after `last`."""

    first: BlockNumber
    last: BlockNumber
    blob: bytes


async def put(connection: Connection, chain_id: ChainId, one: Range) -> None:
    """Keep a range that follows on those kept, in the transaction that indexes it."""
    await connection.execute(_QUERIES["put"], chain_id, one.first, one.last, one.blob)


async def find_from(connection: Connection, chain_id: ChainId, number: BlockNumber) -> Range | None:
    """The range that holds a block, else the first one after it; None when there is none."""
    row = await connection.fetchrow(_QUERIES["find_from"], chain_id, number)
    return None if row is None else Range(*row)


async def roll_back(connection: Connection, chain_id: ChainId, to: BlockNumber) -> None:
    """Forget every block above `to`."""
    await connection.execute(_QUERIES["drop_above"], chain_id, to)
    await connection.execute(_QUERIES["shorten"], chain_id, to)
