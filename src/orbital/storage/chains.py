"""What is indexed of each chain: its blocks, its checkpoint, its heads, and the rollback of a reorg."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from orbital.domain import lifecycle
from orbital.domain.errors import Corrupt
from orbital.domain.types import BlockNumber, ChainId, Hash32, UnixSeconds
from orbital.storage import ledger, outbox, projection, rows, sql
from orbital.storage.pool import Connection, Row

LEASE_PREFIX: Final = "indexer-"
"""Before a chain's id: the lease of whoever indexes it."""

_QUERIES: Final = sql.load("chains")


@dataclass(frozen=True, slots=True)
class Block:
    number: BlockNumber
    hash: Hash32
    parent_hash: Hash32
    timestamp: UnixSeconds


@dataclass(frozen=True, slots=True)
class Heads:
    """What a node calls latest, safe and finalized; `timestamp` is the latest block's."""

    number: BlockNumber
    timestamp: UnixSeconds
    safe: BlockNumber | None
    finalized: BlockNumber | None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the indexer of a chain is. `number`, `hash` and `timestamp` are of the last indexed block, None at first.

    `status` is ok, stopped (a person must look) or unreachable; `detail` says why in words.
    """

    chain_id: ChainId
    genesis_hash: Hash32
    start_block: BlockNumber
    number: BlockNumber | None
    hash: Hash32 | None
    timestamp: UnixSeconds | None
    heads: Heads | None
    status: str
    detail: str | None

    @property
    def next_block(self) -> BlockNumber:
        return self.start_block if self.number is None else BlockNumber(self.number + 1)


def move(checkpoint: Checkpoint, block: Block) -> Checkpoint:
    """The checkpoint after everything up to `block` is indexed."""
    return dataclasses.replace(checkpoint, number=block.number, hash=block.hash, timestamp=block.timestamp)


async def bind(connection: Connection, chain_id: ChainId, genesis_hash: Hash32, start_block: BlockNumber) -> Checkpoint:
    """The chain's checkpoint, made at the first call; Corrupt if the database knows another chain by this id."""
    await connection.execute(_QUERIES["bind"], chain_id, genesis_hash, start_block)
    checkpoint = await find_checkpoint(connection, chain_id)
    if checkpoint is None or checkpoint.genesis_hash != genesis_hash:
        raise Corrupt("wrong_genesis", f"The database followed another chain with id {chain_id}.")
    return checkpoint


async def find_checkpoint(connection: Connection, chain_id: ChainId) -> Checkpoint | None:
    row = await connection.fetchrow(_QUERIES["find"], chain_id)
    return None if row is None else _checkpoint_of(row)


async def list_checkpoints(connection: Connection) -> list[Checkpoint]:
    """Every chain's, for readers: one whose indexer let its lease run out is unreachable, whatever it said last."""
    return [_checkpoint_of(row) for row in await connection.fetch(_QUERIES["list"], LEASE_PREFIX)]


async def put_blocks(
    connection: Connection, chain_id: ChainId, blocks: Sequence[Block], rules: lifecycle.Rules
) -> frozenset[Hash32]:
    """Add blocks on top of the canonical ones. A block that came back brings its facts with it.

    Returns the hashes of those that the database never had.
    """
    if not blocks:
        return frozenset()
    columns = zip(*((b.number, b.hash, b.parent_hash, b.timestamp) for b in blocks), strict=True)
    stored = await connection.fetch(_QUERIES["put_blocks"], chain_id, *columns)
    revived = [row["number"] for row in stored if row["revived"]]
    if revived:
        back = await connection.fetch(_QUERIES["list_facts_in"], chain_id, revived)
        hashes = {block.hash for block in blocks}
        await _refold_all(connection, [row for row in back if row["block_hash"] in hashes], rules, "FactRevived")
    return frozenset(row["hash"] for row in stored if not row["revived"])


async def rollback(connection: Connection, chain_id: ChainId, to: BlockNumber, rules: lifecycle.Rules) -> int:
    """Orphan every block above `to`, fold what they touched anew, announce each fact that fell; returns how many.

    The checkpoint goes back to `to` (or to before the start, when nothing of it is left).
    """
    fallen = await connection.fetch(_QUERIES["list_facts_above"], chain_id, to)
    await connection.execute(_QUERIES["orphan_blocks"], chain_id, to)
    await _refold_all(connection, fallen, rules, "FactReverted")
    last = await connection.fetch(_QUERIES["list_block_hashes"], chain_id, to, to)
    timestamp = await connection.fetchval(
        "SELECT timestamp FROM blocks WHERE chain_id = $1 AND canonical AND number = $2", chain_id, to
    )
    await connection.execute(
        _QUERIES["advance"], chain_id, to if last else None, last[0]["hash"] if last else None, timestamp
    )
    return len(fallen)


async def list_block_hashes(
    connection: Connection, chain_id: ChainId, first: BlockNumber, last: BlockNumber
) -> dict[BlockNumber, Hash32]:
    """Canonical block hashes by number, both ends included; gaps where nothing is indexed."""
    found = await connection.fetch(_QUERIES["list_block_hashes"], chain_id, first, last)
    return {row["number"]: row["hash"] for row in found}


async def advance(connection: Connection, chain_id: ChainId, block: Block) -> None:
    """Everything up to `block` is indexed."""
    await connection.execute(_QUERIES["advance"], chain_id, block.number, block.hash, block.timestamp)


async def put_heads(connection: Connection, chain_id: ChainId, heads: Heads) -> None:
    """What the chain's node says of its heads; a chain that was unreachable is ok again."""
    await connection.execute(
        _QUERIES["put_heads"], chain_id, heads.number, heads.timestamp, heads.safe, heads.finalized
    )


async def put_status(connection: Connection, chain_id: ChainId, status: str, detail: str | None) -> None:
    await connection.execute(_QUERIES["put_status"], chain_id, status, detail)


async def _refold_all(connection: Connection, touched: Sequence[Row], rules: lifecycle.Rules, event: str) -> None:
    """Fold whatever these rows of the ledger concern, after their blocks changed sides."""
    facts = [rows.fact_of(row) for row in touched]
    held = await ledger.lock_affected(connection, facts)
    states = await ledger.refold(connection, held.intents, rules)
    await projection.refold_solvers(connection, facts)
    announcements = [
        outbox.Announcement(
            "intents" if row["intent_id"] else "chains",
            event,
            {
                "seq": row["seq"],
                "name": row["name"],
                "intent_id": row["intent_id"] and "0x" + row["intent_id"].hex(),
                "status": states[row["intent_id"]].status if row["intent_id"] in states else None,
            },
        )
        for row in touched
    ]
    await outbox.announce(connection, announcements)


def _checkpoint_of(row: Row) -> Checkpoint:
    heads = None
    if row["head_number"] is not None:
        heads = Heads(row["head_number"], row["head_timestamp"], row["safe_number"], row["finalized_number"])
    return Checkpoint(
        chain_id=row["chain_id"],
        genesis_hash=row["genesis_hash"],
        start_block=row["start_block"],
        number=row["number"],
        hash=row["hash"],
        timestamp=row["timestamp"],
        heads=heads,
        status=row["status"],
        detail=row["detail"],
    )
