"""The one way by which anything happens: `record` appends facts and brings every projection with it.

Intake, cancel, the auctioneer and the indexers of all chains go through `record` (and an indexer's rollback through
`refold`), in a transaction that the caller commits. So facts, projections, deadlines and announcements can't part:

1. lock the accounts whose nonces are touched, then the intents, both in one global order (no deadlocks),
2. append; a fact that the ledger has already changes nothing and is announced by nobody,
3. fold the affected intents anew from their canonical facts and write what came out,
4. make their deadlines those that the canonical facts set, passed where a fact says so,
5. put announcements into the outbox.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain import deadlines, lifecycle
from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.types import Address, ChainId, IntentId, UnixSeconds
from orbital.storage import outbox, projection, rows, sql
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("ledger")


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A fact as readers see it: `canonical` is false after a reorg took its block."""

    seq: int
    fact: f.Fact
    canonical: bool


async def lock_accounts(connection: Connection, accounts: Iterable[Address]) -> None:
    """Hold these accounts until the transaction ends. Before any intent is locked."""
    if wanted := sorted(set(accounts)):
        await connection.execute(_QUERIES["lock_accounts"], wanted)
        await connection.execute(_QUERIES["lock_accounts_hold"], wanted)


async def lock_intents(connection: Connection, intent_ids: Iterable[IntentId]) -> None:
    """Hold these intents until the transaction ends; rows are made for ids never heard of."""
    if wanted := sorted(set(intent_ids)):
        await connection.execute(_QUERIES["lock_intents"], wanted)
        await connection.execute(_QUERIES["lock_intents_hold"], wanted)


async def record(connection: Connection, new: Sequence[f.Fact], rules: lifecycle.Rules) -> list[int]:
    """Append facts and bring the projections along; returns the `seq` of those that were new, in ledger order."""
    if not new:
        return []
    affected = await lock_affected(connection, new)
    columns = list(zip(*(rows.columns_of(fact) for fact in new), strict=True))
    appended = await connection.fetch(_QUERIES["append_facts"], *columns)
    states = await refold(connection, affected, rules)
    await projection.refold_solvers(connection, new)
    await _announce(connection, appended, states)
    return [row["seq"] for row in appended]


async def lock_affected(connection: Connection, facts: Sequence[f.Fact]) -> set[IntentId]:
    """Lock what these facts concern: accounts, then intents. Returns the intents to fold anew."""
    takers = [taken for fact in facts if (taken := _nonce_of(fact)) is not None]
    await lock_accounts(connection, (user for user, _, _ in takers))
    affected = {fact.intent_id for fact in facts if fact.intent_id is not None}
    affected |= await _find_siblings(connection, takers)
    await lock_intents(connection, affected)
    return affected


async def refold(
    connection: Connection, intent_ids: Iterable[IntentId], rules: lifecycle.Rules
) -> dict[IntentId, lifecycle.State]:
    """Fold intents (whose rows the caller holds) from their canonical facts; writes and returns their states."""
    wanted = sorted(set(intent_ids))
    if not wanted:
        return {}
    canonical = await load_canonical(connection, wanted)
    states = {one: lifecycle.fold(one, canonical[one], rules) for one in wanted}
    await _put_deadlines(connection, canonical, states)
    await projection.put(connection, states)
    return states


async def load_canonical(connection: Connection, intent_ids: Sequence[IntentId]) -> dict[IntentId, list[f.Fact]]:
    """What `lifecycle.fold` reads for each intent: its canonical facts and those that concern its nonce."""
    found: dict[IntentId, list[f.Fact]] = {one: [] for one in intent_ids}
    for row in await connection.fetch(_QUERIES["load_canonical"], list(intent_ids)):
        found[row["subject"]].append(rows.fact_of(row))
    nonces = [
        (subject, intent.user, intent.origin_chain_id, str(intent.nonce))
        for subject, facts in found.items()
        if (intent := _intent_in(facts)) is not None
    ]
    if nonces:
        for row in await connection.fetch(_QUERIES["load_canonical_nonces"], *zip(*nonces, strict=True)):
            found[row["subject"]].append(rows.fact_of(row))
    return found


async def list_events(connection: Connection, intent_id: IntentId, after_seq: int, limit: int) -> list[LedgerEntry]:
    """An intent's ledger in order of arrival, orphaned facts included."""
    found = await connection.fetch(_QUERIES["list_events"], intent_id, after_seq, limit)
    return [LedgerEntry(row["seq"], rows.fact_of(row), row["canonical"]) for row in found]


async def due_deadlines(connection: Connection, chain_id: ChainId, head_time: int, limit: int = 10_000) -> list[f.Fact]:
    """The `DeadlinePassed` facts that a chain's indexed blocks prove and the ledger does not have yet."""
    found = await connection.fetch(_QUERIES["load_due_deadlines"], chain_id, head_time, limit)
    return [
        f.Fact(
            intent_id=row["intent_id"],
            event=f.DeadlinePassed(f.Deadline(row["which"]), row["round"]),
            position=f.Position(chain_id, row["number"], -1, row["hash"], None),
            timestamp=row["timestamp"],
        )
        for row in found
    ]


async def list_lapses(connection: Connection, solver: Address, since: int) -> list[Any]:
    """Unix times of the lapses that were this solver's fault, after `since`."""
    return [row["timestamp"] for row in await connection.fetch(_QUERIES["count_lapses"], solver, since)]


async def now(connection: Connection) -> UnixSeconds:
    """The database's time: the one that off-chain facts carry."""
    return UnixSeconds(await connection.fetchval(_QUERIES["now"]))


async def list_intent_ids(connection: Connection, after: IntentId, limit: int) -> list[IntentId]:
    """Ids that the ledger speaks of, in order, from after `after`: how a rebuild walks."""
    return [row["intent_id"] for row in await connection.fetch(_QUERIES["list_intent_ids"], after, limit)]


def _nonce_of(fact: f.Fact) -> tuple[Address, ChainId, int] | None:
    """(user, origin chain, nonce) of a fact that claims or uses up a nonce."""
    match fact.event:
        case f.IntentSubmitted(intent=intent) | f.IntentOpened(intent=intent):
            return intent.user, intent.origin_chain_id, intent.nonce
        case f.NonceInvalidated(user=user, nonce=nonce) if fact.position is not None:
            return user, fact.position.chain_id, nonce
        case _:
            return None


async def _find_siblings(connection: Connection, takers: Sequence[tuple[Address, ChainId, int]]) -> set[IntentId]:
    if not takers:
        return set()
    found = await connection.fetch(_QUERIES["find_nonce_siblings"], *zip(*takers, strict=True))
    return {row["intent_id"] for row in found}


async def _put_deadlines(
    connection: Connection,
    canonical: dict[IntentId, list[f.Fact]],
    states: dict[IntentId, lifecycle.State],
) -> None:
    """Make the deadlines of these intents those that their canonical facts set, passed where a fact says so."""
    wanted = sorted({row for one, facts in canonical.items() for row in _deadlines_of(one, facts, states[one].intent)})
    columns = [list(column) for column in zip(*wanted, strict=True)] or [[], [], [], [], [], []]
    await connection.execute(_QUERIES["drop_deadlines"], list(canonical), *columns[:3])
    if wanted:
        await connection.execute(_QUERIES["put_deadlines"], *columns)


def _deadlines_of(
    intent_id: IntentId, facts: Sequence[f.Fact], intent: Intent | ForeignIntent | None
) -> Iterable[tuple[IntentId, str, int, ChainId, int, int | None]]:
    """Rows of `deadlines`; the block is the first that a canonical fact names on the deadline's chain."""
    own = [fact for fact in facts if fact.intent_id == intent_id]
    passed: dict[tuple[ChainId, str, int], int] = {}
    for fact in own:
        if isinstance(event := fact.event, f.DeadlinePassed) and (at := fact.position) is not None:
            key = (at.chain_id, str(event.which), event.round)
            passed[key] = min(at.block_number, passed.get(key, at.block_number))
    if intent is None:
        return
    for fact in own:
        for chain_id, due_at, which, round_ in deadlines.deadlines_of(fact, intent):
            yield intent_id, str(which), round_, chain_id, due_at, passed.get((chain_id, str(which), round_))


async def _announce(connection: Connection, appended: Sequence[Row], states: dict[IntentId, lifecycle.State]) -> None:
    await outbox.announce(connection, [_announcement(row, states) for row in appended])


def _announcement(row: Row, states: dict[IntentId, lifecycle.State]) -> outbox.Announcement:
    state = states.get(row["intent_id"])
    data: dict[str, Any] = {"seq": row["seq"], "timestamp": row["timestamp"]}
    if state is not None:
        data |= {"intent_id": "0x" + row["intent_id"].hex(), "status": state.status, "anomaly": state.anomaly}
    if row["actor"] is not None:
        data["actor"] = "0x" + row["actor"].hex()
    return outbox.Announcement("intents" if state is not None else "chains", row["name"], data)


def _intent_in(facts: Sequence[f.Fact]) -> Intent | None:
    for fact in facts:
        if isinstance(fact.event, f.IntentSubmitted | f.IntentOpened):
            return fact.event.intent
    return None
