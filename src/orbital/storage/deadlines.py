"""Rows of the times that chains decide: set by canonical facts, passed where a fact says so."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from orbital.domain import deadlines
from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.lifecycle import Anomaly, Leg, State, Status, is_moot
from orbital.domain.types import ChainId, IntentId, UnixSeconds
from orbital.storage import sql
from orbital.storage.copy import FEW, NULL, copy, hex_of
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("ledger")
_COLUMNS: Final = ("intent_id", "which", "round", "chain_id", "due_at", "passed_block")


class Due(NamedTuple):
    """A deadline that passed, and how the intent stands: moot when that changes nothing."""

    intent_id: IntentId
    event: f.DeadlinePassed
    position: f.Position
    timestamp: UnixSeconds
    is_moot: bool
    status: Status | None
    anomaly: Anomaly | None

    @property
    def fact(self) -> f.Fact:
        return f.Fact(self.intent_id, self.event, self.position, self.timestamp)


_Row = tuple[IntentId, str, int, ChainId, int, int | None]


async def put(
    connection: Connection, canonical: Mapping[IntentId, Sequence[f.Fact]], states: Mapping[IntentId, State]
) -> None:
    """Write the deadlines that these canonical facts set."""
    if wanted := _all(canonical, states):
        await connection.execute(_QUERIES["put_deadlines"], *zip(*wanted, strict=True))


async def put_new(
    connection: Connection,
    canonical: Mapping[IntentId, Sequence[f.Fact]],
    states: Mapping[IntentId, State],
    lines: Mapping[IntentId, Sequence[str]],
) -> None:
    """The same for intents that have none yet. `lines` has `lines_of` for those for which it was asked before."""
    if len(canonical) <= FEW:
        return await put(connection, canonical, states)
    written = [
        line
        for one, facts in canonical.items()
        for line in (lines[one] if one in lines else lines_of(one, facts, states[one]))
    ]
    if written:
        await copy(connection, "deadlines", _COLUMNS, written)
    return None


def lines_of(intent_id: IntentId, canonical: Sequence[f.Fact], state: State) -> list[str]:
    """The deadlines that an intent's canonical facts set as lines of COPY."""
    return [
        f"{hex_of(one)}\t{which}\t{round_}\t{chain_id}\t{due_at}\t{NULL if passed is None else passed}"
        for one, which, round_, chain_id, due_at, passed in {*_of(intent_id, canonical, state.intent)}
    ]


async def drop(
    connection: Connection, canonical: Mapping[IntentId, Sequence[f.Fact]], states: Mapping[IntentId, State]
) -> None:
    """Take away the deadlines of these intents that no canonical fact sets any more."""
    stays = [list(column) for column in zip(*_all(canonical, states), strict=True)] or [[], [], []]
    await connection.execute(_QUERIES["drop_deadlines"], list(canonical), *stays[:3])


async def due(connection: Connection, chain_id: ChainId, head_time: int, limit: int = 10_000) -> list[Due]:
    """The `DeadlinePassed` facts that a chain's indexed blocks prove and the ledger does not have yet.

    What they say of the intent holds while its row is held.
    """
    return [
        _due_of(row, chain_id)
        for row in await connection.fetch(_QUERIES["load_due_deadlines"], chain_id, head_time, limit)
    ]


async def mark(connection: Connection, passed: Sequence[Due]) -> None:
    """Write that these deadlines have passed, and nothing else."""
    rows = [(one.intent_id, str(one.event.which), one.event.round, one.position.block_number) for one in passed]
    await connection.execute(_QUERIES["mark_deadlines"], *zip(*rows, strict=True))


def _due_of(row: Row, chain_id: ChainId) -> Due:
    event = f.DeadlinePassed(f.Deadline(row["which"]), row["round"])
    return Due(
        row["intent_id"],
        event,
        f.Position(chain_id, row["number"], -1, row["hash"], None),
        row["timestamp"],
        is_moot(event.which, [leg for leg in Leg if row[leg.value]]),
        None if row["status"] is None else Status(row["status"]),
        None if row["anomaly"] is None else Anomaly(row["anomaly"]),
    )


def _all(canonical: Mapping[IntentId, Sequence[f.Fact]], states: Mapping[IntentId, State]) -> list[_Row]:
    return sorted({row for one, facts in canonical.items() for row in _of(one, facts, states[one].intent)})


def _of(intent_id: IntentId, facts: Sequence[f.Fact], intent: Intent | ForeignIntent | None) -> Iterable[_Row]:
    """The block is the first that a canonical fact names on the deadline's chain."""
    if intent is None:
        return
    own = [fact for fact in facts if fact.intent_id == intent_id]
    passed: dict[tuple[ChainId, str, int], int] = {}
    for fact in own:
        if isinstance(event := fact.event, f.DeadlinePassed) and (at := fact.position) is not None:
            key = (at.chain_id, str(event.which), event.round)
            passed[key] = min(at.block_number, passed.get(key, at.block_number))
    for fact in own:
        for chain_id, due_at, which, round_ in deadlines.deadlines_of(fact, intent):
            yield intent_id, str(which), round_, chain_id, due_at, passed.get((chain_id, str(which), round_))
