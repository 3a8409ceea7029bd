"""Rows of the ledger as facts."""

import functools
import struct
from typing import Any, Final

from orbital.domain import facts
from orbital.domain.types import HASH_BYTES, BlockNumber, ChainId, Hash32, IntentId, UnixSeconds
from orbital.storage import facts_json
from orbital.storage.copy import field_of
from orbital.storage.pool import Row

COLUMNS: Final = (
    "intent_id",
    "name",
    "actor",
    "chain_id",
    "block_number",
    "block_hash",
    "tx_hash",
    "log_index",
    "timestamp",
    "data",
    "seq",
)
"""Columns of `binary_of`, and the number that the ledger gives."""

_START: Final = struct.pack(">h", len(COLUMNS))
_PLACE_AND_TIME: Final = struct.Struct(">iq iq i32s i32s ii iq")
_BLOCK_AND_TIME: Final = struct.Struct(">iq iq i32s i i iq")
_SEQ: Final = struct.Struct(">iq")


def fact_of(row: Row) -> facts.Fact:
    """The fact that a row of `facts` holds."""
    return facts.Fact(
        intent_id=None if row["intent_id"] is None else IntentId(row["intent_id"]),
        event=facts_json.decode(row["name"], row["data"]),
        position=position_of(row),
        timestamp=UnixSeconds(row["timestamp"]),
    )


def position_of(row: Row) -> facts.Position | None:
    if row["block_hash"] is None:
        return None
    return facts.Position(
        chain_id=ChainId(row["chain_id"]),
        block_number=BlockNumber(row["block_number"]),
        log_index=-1 if row["log_index"] is None else row["log_index"],
        block_hash=Hash32(row["block_hash"]),
        tx_hash=None if row["tx_hash"] is None else Hash32(row["tx_hash"]),
    )


def columns_of(fact: facts.Fact) -> tuple[Any, ...]:
    """A fact as the columns of `append_facts`."""
    p = fact.position
    return (
        fact.intent_id,
        fact.name,
        fact.actor,
        p and p.chain_id,
        p and p.block_number,
        p and p.block_hash,
        p and p.tx_hash,
        None if p is None or p.is_block_fact else p.log_index,
        fact.timestamp,
        facts_json.dumps(fact.event),
    )


def binary_of(fact: facts.Fact) -> bytes:
    """A fact of a chain as a row of COPY, but for its `seq`."""
    intent_id, event, position, timestamp = fact
    if position is None:
        raise ValueError(f"a fact that is copied is of a chain, not {fact.name}")
    chain_id, number, log_index, block_hash, tx_hash = position
    if tx_hash is None:
        place = _BLOCK_AND_TIME.pack(8, chain_id, 8, number, 32, block_hash, -1, -1, 8, timestamp)
    elif len(tx_hash) != HASH_BYTES:  # others the layout below would pad, or cut
        raise ValueError(f"a transaction's hash of {len(tx_hash)} bytes: 0x{tx_hash.hex()}")
    else:
        place = _PLACE_AND_TIME.pack(8, chain_id, 8, number, 32, block_hash, 32, tx_hash, 4, log_index, 8, timestamp)
    return b"".join(
        (
            _START,
            field_of(intent_id),
            _word_of(fact.name),
            field_of(fact.actor),
            place,
            field_of(facts_json.dumps(event).encode()),
        )
    )


def numbered(row: bytes, seq: int) -> bytes:
    """The whole row."""
    return row + _SEQ.pack(8, seq)


@functools.cache
def _word_of(name: str) -> bytes:
    return field_of(name.encode())
