"""The one way by which anything happens: `record` appends facts and brings every projection with it.

Intake, cancel, the auctioneer and the indexers of all chains go through `record` (and an indexer's rollback through
`refold`), in a transaction that the caller commits. So facts, projections, deadlines and announcements can't part:

1. hold the accounts whose nonces are touched, then the intents (`claims`); new intents are written at once,
2. append; a fact that the ledger has already changes nothing and is announced by nobody,
3. fold the other affected intents anew from their canonical facts and write what came out, solvers and pools likewise,
4. make their deadlines those that the canonical facts set, passed where a fact says so,
5. put announcements into the outbox.

Where nothing can be in the ledger yet nothing is looked up: the facts of blocks that the same transaction put are
copied in, and an intent that was never heard of is folded from them.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from orbital.domain import facts as f
from orbital.domain import lifecycle
from orbital.domain.deadlines import TIMED
from orbital.domain.types import Address, Hash32, IntentId, UnixSeconds
from orbital.storage import batches, canonical, claims, deadlines, market, outbox, pool_states, projection, rows, sql
from orbital.storage.batches import Batch
from orbital.storage.copy import copy
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("ledger")
_NOBODY: Final = (None, None)
"""How the intent stands of a fact that is about none."""


class _Appended(NamedTuple):
    """A fact that is new to the ledger."""

    seq: int
    intent_id: IntentId | None
    name: str
    block_hash: Hash32 | None
    log_index: int | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A fact as readers see it: `canonical` is false after a reorg took its block."""

    seq: int
    fact: f.Fact
    canonical: bool


async def record(connection: Connection, new: Sequence[f.Fact], rules: lifecycle.Rules) -> list[int]:
    """Append a few facts and bring the projections along; returns the `seq` of those that were new, in ledger order."""
    if not new:
        return []
    batch = batches.gather(new)
    return await write(connection, batch, rules, await claims.lock_affected(connection, batch, rules))


async def write(
    connection: Connection,
    batch: Batch,
    rules: lifecycle.Rules,
    held: claims.Held,
    new_blocks: Collection[Hash32] = (),
) -> list[int]:
    """The same of a batch.

    `held` is what `claims` gave for this very batch and `new_blocks`: blocks that the database did not have before
    this transaction.
    """
    appended = await _append(connection, batch, new_blocks)
    await deadlines.put_new(connection, held.facts, held.states, batch.deadline_lines)
    told = await canonical.load(connection, sorted((batch.told.keys() | held.siblings) - held.states.keys()))
    states = {one: lifecycle.fold(one, facts, rules) for one, facts in told.items()}
    timed = {fact.intent_id for fact in batch.facts if isinstance(fact.event, TIMED)}
    await deadlines.put(connection, {one: facts for one, facts in told.items() if one in timed}, states)
    await projection.update(connection, states)
    states.update(held.states)
    await projection.refold_solvers(connection, batch.facts)
    snapshots = await pool_states.advance(connection, batch.facts)
    await outbox.announce_facts(connection, _tell(appended, states))
    if snapshots:
        places = {(one.block_hash, one.log_index): one.seq for one in appended}
        await outbox.announce(connection, market.announce(batch.facts, places, snapshots))
    return [one.seq for one in appended]


async def note(
    connection: Connection, passed: Sequence[deadlines.Due], new_blocks: Collection[Hash32] = ()
) -> list[int]:
    """Append deadlines that passed and are moot for intents whose rows the caller holds: no state changes."""
    if not passed:
        return []
    appended = await _append(connection, Batch([one.fact for one in passed]), new_blocks)
    await deadlines.mark(connection, passed)
    about = {one.intent_id: one for one in passed}
    await outbox.announce_facts(connection, _tell(appended, about))
    return [one.seq for one in appended]


async def refold(
    connection: Connection, intent_ids: Iterable[IntentId], rules: lifecycle.Rules
) -> dict[IntentId, lifecycle.State]:
    """Fold intents (whose rows the caller holds) from their canonical facts; writes and returns their states."""
    wanted = sorted(set(intent_ids))
    if not wanted:
        return {}
    told = await canonical.load(connection, wanted)
    states = {one: lifecycle.fold(one, told[one], rules) for one in wanted}
    await deadlines.drop(connection, told, states)
    await deadlines.put(connection, told, states)
    await projection.update(connection, states)
    return states


async def list_events(connection: Connection, intent_id: IntentId, after_seq: int, limit: int) -> list[LedgerEntry]:
    """An intent's ledger in order of arrival, orphaned facts included."""
    found = await connection.fetch(_QUERIES["list_events"], intent_id, after_seq, limit)
    return [LedgerEntry(row["seq"], rows.fact_of(row), row["canonical"]) for row in found]


async def list_lapses(connection: Connection, solver: Address, since: int) -> list[Any]:
    """Unix times of the lapses that were this solver's fault, after `since`."""
    return [row["timestamp"] for row in await connection.fetch(_QUERIES["count_lapses"], solver, since)]


async def now(connection: Connection) -> UnixSeconds:
    """The database's time: the one that off-chain facts carry."""
    return UnixSeconds(await connection.fetchval(_QUERIES["now"]))


async def list_intent_ids(connection: Connection, after: IntentId, limit: int) -> list[IntentId]:
    """Ids that the ledger speaks of, in order, from after `after`: how a rebuild walks."""
    return [row["intent_id"] for row in await connection.fetch(_QUERIES["list_intent_ids"], after, limit)]


async def _append(connection: Connection, batch: Batch, new_blocks: Collection[Hash32]) -> list[_Appended]:
    """Put facts into the ledger; returns those that it did not have."""
    sure, lines, unsure = [], [], []
    for fact, line in itertools.zip_longest(batch.facts, batch.lines):
        if fact.position is not None and fact.position.block_hash in new_blocks:
            sure.append(fact)
            lines.append(line or rows.line_of(fact))
        else:
            unsure.append(fact)
    appended: list[_Appended] = []
    if sure:
        seqs = await connection.fetchval(_QUERIES["take_seqs"], len(sure))
        await copy(connection, "facts", rows.LINE, _number(sure, lines, seqs, appended))
    if unsure:
        columns = zip(*(rows.columns_of(fact) for fact in unsure), strict=True)
        appended += [_Appended(*row) for row in await connection.fetch(_QUERIES["append_facts"], *columns)]
    return appended


def _number(
    sure: Sequence[f.Fact], lines: Sequence[str], seqs: Sequence[int], appended: list[_Appended]
) -> Iterator[str]:
    """Lines with their `seq`. What is announced of each is noted on the way, while the server copies."""
    for fact, line, seq in zip(sure, lines, seqs, strict=True):
        appended.append(_Appended(seq, fact.intent_id, fact.name, *market.place_of(fact)))
        yield f"{line}\t{seq}"


def _tell(
    appended: Iterable[_Appended], states: Mapping[IntentId, lifecycle.State | deadlines.Due]
) -> list[outbox.Told]:
    """What is announced of new facts, but for those that the market is told."""
    stands: dict[IntentId | None, tuple[Any, Any]] = {one: (s.status, s.anomaly) for one, s in states.items()}
    return [(new.seq, *stands.get(new.intent_id, _NOBODY)) for new in appended if new.name not in market.NAMES]
