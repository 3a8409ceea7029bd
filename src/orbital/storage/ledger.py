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

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain import evidence, lifecycle
from orbital.domain import facts as f
from orbital.domain.deadlines import TIMED
from orbital.domain.types import Address, Hash32, IntentId, UnixSeconds
from orbital.storage import batches, canonical, claims, deadlines, market, outbox, pool_states, projection, rows, sql
from orbital.storage.batches import Batch
from orbital.storage.copy import copy_binary
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("ledger")
_NOBODY: Final = (None, None)
"""How the intent stands of a fact that is about none."""


_Appended = tuple[int, f.Fact]
"""A fact that is new to the ledger, with its `seq`."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A fact as readers see it: `canonical` is false after a reorg took its block."""

    seq: int
    fact: f.Fact
    canonical: bool


async def record(connection: Connection, new: Sequence[f.Fact], rules: evidence.Rules) -> list[int]:
    """Append a few facts and bring the projections along; returns the `seq` of those that were new, in ledger order."""
    if not new:
        return []
    batch = batches.gather(new)
    return await write(connection, batch, rules, await claims.lock_affected(connection, batch, rules))


async def write(
    connection: Connection,
    batch: Batch,
    rules: evidence.Rules,
    held: claims.Held,
    new_blocks: frozenset[Hash32] = frozenset(),
) -> list[int]:
    """The same of a batch.

    `held` is what `claims` gave for this very batch and `new_blocks`: blocks that the database did not have before
    this transaction.
    """
    appended = await _append(connection, batch, new_blocks)
    await deadlines.put_new(connection, held.facts, held.states, batch.deadline_lines)
    known = sorted((batch.told.keys() | held.siblings) - held.states.keys())
    if appended and batch.blocks <= new_blocks:  # all of them, and while these intents were held: nobody's came between
        told = await canonical.load(connection, known, batch.told, before=appended[0][0])
    else:
        told = await canonical.load(connection, known)
    states = {one: lifecycle.fold(one, facts, rules) for one, facts in told.items()}
    timed = {one for one in told if any(isinstance(fact.event, TIMED) for fact in batch.told.get(one, ()))}
    await deadlines.put(connection, {one: told[one] for one in timed}, states)
    await projection.update(connection, states)
    states.update(held.states)
    if not batch.kinds.isdisjoint(projection.OF_SOLVERS):
        await projection.refold_solvers(connection, batch.facts)
    await outbox.announce_facts(connection, _tell(appended, states))
    if not batch.kinds.isdisjoint(market.EVENTS):
        snapshots = await pool_states.advance(connection, batch.facts)
        places = {market.place_of(fact): seq for seq, fact in appended}
        await outbox.announce(connection, market.announce(batch.facts, places, snapshots))
    return [seq for seq, _ in appended]


async def note(
    connection: Connection, passed: Sequence[deadlines.Due], new_blocks: frozenset[Hash32] = frozenset()
) -> list[int]:
    """Append deadlines that passed and are moot for intents whose rows the caller holds: no state changes."""
    if not passed:
        return []
    appended = await _append(connection, batches.gather([one.fact for one in passed]), new_blocks)
    await deadlines.mark(connection, passed)
    about = {one.intent_id: one for one in passed}
    await outbox.announce_facts(connection, _tell(appended, about))
    return [seq for seq, _ in appended]


async def refold(
    connection: Connection, intent_ids: Iterable[IntentId], rules: evidence.Rules
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


async def list_lapses(
    connection: Connection, solvers: Sequence[Address], since: int
) -> defaultdict[Address, list[UnixSeconds]]:
    """Unix times, after `since`, of the lapses that were these solvers' fault, by solver."""
    found = defaultdict[Address, list[UnixSeconds]](list)
    for row in await connection.fetch(_QUERIES["list_lapses"], list(solvers), since):
        found[row["actor"]].append(row["timestamp"])
    return found


async def now(connection: Connection) -> UnixSeconds:
    """The database's time: the one that off-chain facts carry."""
    return UnixSeconds(await connection.fetchval(_QUERIES["now"]))


async def list_intent_ids(connection: Connection, after: IntentId, limit: int) -> list[IntentId]:
    """Ids that the ledger speaks of, in order, from after `after`: how a rebuild walks."""
    return [row["intent_id"] for row in await connection.fetch(_QUERIES["list_intent_ids"], after, limit)]


async def _append(connection: Connection, batch: Batch, new_blocks: frozenset[Hash32]) -> list[_Appended]:
    """Put facts into the ledger; returns those that it did not have."""
    sure, written, unsure = batch.split(new_blocks)
    appended: list[_Appended] = []
    if sure:
        seqs = await connection.fetchval(_QUERIES["take_seqs"], len(sure))
        await copy_binary(
            connection, "facts", rows.COLUMNS, map(rows.numbered, written or map(rows.binary_of, sure), seqs)
        )
        appended += zip(seqs, sure, strict=True)
    if unsure:
        columns = zip(*map(rows.columns_of, unsure), strict=True)
        by_key = {(fact.intent_id, fact.name, *market.place_of(fact)): fact for fact in unsure}
        found = await connection.fetch(_QUERIES["append_facts"], *columns)
        appended += [(seq, by_key[tuple(key)]) for seq, *key in found]
    return appended


def _tell(
    appended: Iterable[_Appended], states: Mapping[IntentId, lifecycle.State | deadlines.Due]
) -> list[outbox.Told]:
    """What is announced of new facts, but for those that the market is told."""
    stands: dict[IntentId | None, tuple[Any, Any]] = {one: (s.status, s.anomaly) for one, s in states.items()}
    return [
        (seq, *stands.get(fact.intent_id, _NOBODY)) for seq, fact in appended if type(fact.event) not in market.EVENTS
    ]
