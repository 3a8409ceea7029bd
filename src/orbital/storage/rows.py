"""Rows of the ledger as facts."""

from typing import Any, Final

from orbital.domain import facts
from orbital.domain.types import BlockNumber, ChainId, Hash32, IntentId, UnixSeconds
from orbital.storage import facts_json
from orbital.storage.copy import NULL, hex_of, json_of
from orbital.storage.pool import Row

LINE: Final = (
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
"""Columns of `line_of`, and the number that the ledger gives."""

_NO_PLACE: Final = "\t".join([NULL] * 5)


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


def line_of(fact: facts.Fact) -> str:
    """A fact as a line of COPY, but for its `seq`."""
    intent_id, event, position, timestamp = fact
    if position is None:
        place = _NO_PLACE
    else:
        chain_id, number, log_index, block_hash, tx_hash = position
        place = (
            f"{chain_id}\t{number}\t\\\\x{block_hash.hex()}\t{hex_of(tx_hash)}\t{NULL if log_index < 0 else log_index}"
        )
    return (
        f"{hex_of(intent_id)}\t{fact.name}\t{hex_of(fact.actor)}\t{place}\t{timestamp}\t"
        f"{json_of(facts_json.dumps(event))}"
    )
