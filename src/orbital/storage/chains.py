"""What is indexed of each chain: its blocks, its checkpoint, its heads, and the rollback of a reorg."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from orbital.domain import evidence, facts, lifecycle
from orbital.domain.errors import Corrupt, Unavailable
from orbital.domain.types import BlockNumber, ChainId, Hash32, IntentId, UnixSeconds
from orbital.storage import claims, ledger, market, outbox, pool_states, projection, raw, rows, sql
from orbital.storage.batches import Batch
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
class Dispute:
    """Why nothing new is called final: `code` is a stable word, `number` the lowest block that is disputed."""

    code: str
    number: BlockNumber
    detail: str


@dataclass(frozen=True, slots=True)
class Put:
    """Of the blocks that were put: the hashes of those never had before, and the facts of those that came back."""

    new: frozenset[Hash32]
    back: tuple[ledger.LedgerEntry, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where the indexer of a chain is. `number`, `hash` and `timestamp` are of the last indexed block, None at first.

    `verified`: up to here blocks and facts were compared with a node once more when they were final; only that far
    anything is called final. `status` is ok, stopped (a person must look) or unreachable; `detail` says why in words.
    `blocks_per_second` is None but while the indexer catches up, `dispute` but while nodes contradict what is final.
    """

    chain_id: ChainId
    genesis_hash: Hash32
    start_block: BlockNumber
    number: BlockNumber | None
    hash: Hash32 | None
    timestamp: UnixSeconds | None
    heads: Heads | None
    verified: BlockNumber | None
    status: str
    detail: str | None
    blocks_per_second: float | None = None
    dispute: Dispute | None = None

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
    """Every chain's, for readers: one that nobody follows now is unreachable, whatever was said last."""
    return [_checkpoint_of(row) for row in await connection.fetch(_QUERIES["list"])]


async def put_blocks(connection: Connection, chain_id: ChainId, blocks: Sequence[Block]) -> Put:
    """Add blocks on top of the canonical ones. The facts of a block that came back count again once `revive` was
    called with them, in the same transaction.
    """
    if not blocks:
        return Put(frozenset(), ())
    columns = zip(*((b.number, b.hash, b.parent_hash, b.timestamp) for b in blocks), strict=True)
    stored = await connection.fetch(_QUERIES["put_blocks"], chain_id, *columns)
    new = frozenset(row["hash"] for row in stored if not row["revived"])
    revived = {row["hash"]: row["number"] for row in stored if row["revived"]}
    if not revived:
        return Put(new, ())
    found = await connection.fetch(_QUERIES["list_facts_in"], chain_id, list(revived.values()))
    return Put(new, tuple(_entry_of(row) for row in found if row["block_hash"] in revived))


async def revive(connection: Connection, back: Sequence[ledger.LedgerEntry], rules: evidence.Rules) -> None:
    """Fold anew what the facts of returned blocks touch, and announce each of them."""
    await _refold_all(connection, back, rules, "FactRevived")


async def rollback(connection: Connection, chain_id: ChainId, to: BlockNumber, rules: evidence.Rules) -> int:
    """Orphan every block above `to`, fold what they touched anew, announce each fact that fell; returns how many.

    The checkpoint goes back to `to` (or to before the start, when nothing of it is left).
    """
    fallen = [_entry_of(row) for row in await connection.fetch(_QUERIES["list_facts_above"], chain_id, to)]
    await connection.execute(_QUERIES["orphan_blocks"], chain_id, to)
    await raw.roll_back(connection, chain_id, to)
    await _refold_all(connection, fallen, rules, "FactReverted")
    await pool_states.restore(connection, chain_id, (entry.fact for entry in fallen))
    last = await connection.fetchrow(_QUERIES["find_block"], chain_id, to)
    await connection.execute(_QUERIES["advance"], chain_id, *(last or (None, None, None)))
    return len(fallen)


async def forget_finality(connection: Connection, chain_id: ChainId, above: BlockNumber) -> None:
    """Call nothing above this block final any more."""
    await connection.execute(_QUERIES["forget_finality"], chain_id, above)


async def find_full(
    connection: Connection, chain_id: ChainId, first: BlockNumber, last: BlockNumber, facts: int
) -> BlockNumber:
    """The last block of a range that holds no more than about so many facts of logs; at least `first`."""
    return BlockNumber(await connection.fetchval(_QUERIES["find_full"], chain_id, first, last, facts))


async def find_step(connection: Connection, chain_id: ChainId, to: BlockNumber, facts: int) -> BlockNumber:
    """Down to which block a rewind to `to` goes next, when about so many facts may fall at a time."""
    return BlockNumber(await connection.fetchval(_QUERIES["find_step"], chain_id, to, facts))


async def put_verified(connection: Connection, chain_id: ChainId, number: BlockNumber, hash_: Hash32) -> bool:
    """Everything up to this block was compared; False if the block is not canonical any more."""
    return await connection.fetchval(_QUERIES["verify"], chain_id, number, hash_) is not None


async def put_dispute(connection: Connection, chain_id: ChainId, dispute: Dispute | None) -> None:
    """Say what keeps blocks from being called final; verifying a block takes it back as well."""
    found = (None, None, None) if dispute is None else (dispute.code, dispute.number, dispute.detail)
    await connection.execute(_QUERIES["put_dispute"], chain_id, *found)


async def list_log_facts(
    connection: Connection, chain_id: ChainId, first: BlockNumber, last: BlockNumber
) -> list[facts.Fact]:
    """Facts of the logs of canonical blocks, both ends included, in chain order."""
    found = await connection.fetch(_QUERIES["list_log_facts"], chain_id, first, last)
    return [rows.fact_of(row) for row in found]


async def list_block_hashes(
    connection: Connection, chain_id: ChainId, first: BlockNumber, last: BlockNumber
) -> dict[BlockNumber, Hash32]:
    """Canonical block hashes by number, both ends included; gaps where nothing is indexed."""
    found = await connection.fetch(_QUERIES["list_block_hashes"], chain_id, first, last)
    return {row["number"]: row["hash"] for row in found}


async def advance(connection: Connection, chain_id: ChainId, block: Block) -> None:
    """Everything up to `block` is indexed."""
    await connection.execute(_QUERIES["advance"], chain_id, block.number, block.hash, block.timestamp)


async def go_on(connection: Connection, chain_id: ChainId, blocks: Sequence[Block]) -> None:
    """Everything up to the last of these blocks is indexed.

    Unavailable when they don't go on where the checkpoint is: the database lost what it had committed (another one
    took its place, or a backup of it), so whoever reads the chain starts from what is there.
    """
    first, last = blocks[0], blocks[-1]
    arguments = chain_id, last.number, last.hash, last.timestamp, first.number, first.parent_hash
    if await connection.fetchval(_QUERIES["go_on"], *arguments) is None:
        raise Unavailable("checkpoint_moved", f"Nothing in the database leads to block {first.number}.")


async def put_heads(
    connection: Connection, chain_id: ChainId, heads: Heads, blocks_per_second: float | None = None
) -> None:
    """What the chain's node says of its heads, and how fast they are caught up with; unreachable is ok again."""
    await connection.execute(
        _QUERIES["put_heads"],
        chain_id,
        heads.number,
        heads.timestamp,
        heads.safe,
        heads.finalized,
        blocks_per_second,
    )


async def put_status(connection: Connection, chain_id: ChainId, status: str, detail: str | None) -> None:
    await connection.execute(_QUERIES["put_status"], chain_id, status, detail)


async def _refold_all(
    connection: Connection, touched: Sequence[ledger.LedgerEntry], rules: evidence.Rules, event: str
) -> None:
    """Fold whatever these entries of the ledger concern, after their blocks changed sides."""
    if not touched:
        return
    changed = [entry.fact for entry in touched]
    held = await claims.lock_affected(connection, Batch(()), rules, others=changed)
    states = await ledger.refold(connection, held.intents, rules)
    await projection.refold_solvers(connection, changed)
    await outbox.announce(connection, [_announcement(entry, states, event) for entry in touched])


def _announcement(
    entry: ledger.LedgerEntry, states: Mapping[IntentId, lifecycle.State], event: str
) -> outbox.Announcement:
    intent_id = entry.fact.intent_id
    state = None if intent_id is None else states.get(intent_id)
    data = {
        "seq": entry.seq,
        "name": entry.fact.name,
        "intent_id": intent_id and "0x" + intent_id.hex(),
        "status": state and state.status,
    }
    if market.is_of_pool(entry.fact):
        return outbox.Announcement(market.TOPIC, event, data | market.about(entry.fact))
    return outbox.Announcement("intents" if intent_id else "chains", event, data)


def _entry_of(row: Row) -> ledger.LedgerEntry:
    return ledger.LedgerEntry(row["seq"], rows.fact_of(row), row["canonical"])


def _checkpoint_of(row: Row) -> Checkpoint:
    heads = None
    if row["head_number"] is not None:
        heads = Heads(row["head_number"], row["head_timestamp"], row["safe_number"], row["finalized_number"])
    dispute = None
    if row["dispute_code"] is not None:
        dispute = Dispute(row["dispute_code"], row["dispute_number"], row["dispute_detail"])
    return Checkpoint(
        chain_id=row["chain_id"],
        genesis_hash=row["genesis_hash"],
        start_block=row["start_block"],
        number=row["number"],
        hash=row["hash"],
        timestamp=row["timestamp"],
        heads=heads,
        verified=row["verified_number"],
        status=row["status"],
        detail=row["detail"],
        blocks_per_second=row["blocks_per_second"],
        dispute=dispute,
    )
