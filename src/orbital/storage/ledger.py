"""The one way by which anything happens: `record` appends facts and brings every projection with it.

Intake, cancel, the auctioneer and the indexers of all chains go through `record` (and an indexer's rollback through
`refold`), in a transaction that the caller commits. So facts, projections, deadlines and announcements can't part:

1. lock the accounts whose nonces are touched, then the intents, both in one global order (no deadlocks),
2. append; a fact that the ledger has already changes nothing and is announced by nobody,
3. fold the affected intents anew from their canonical facts and write what came out, solvers and pools likewise,
4. make their deadlines those that the canonical facts set, passed where a fact says so,
5. put announcements into the outbox.

Where nothing can be in the ledger yet nothing is looked up: the facts of blocks that the same transaction put are
copied in, and an intent that was never heard of is folded from them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from orbital.domain import deadlines, lifecycle
from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.types import Account, Address, ChainId, Hash32, IntentId, UnixSeconds
from orbital.storage import market, outbox, pool_states, projection, rows, sql
from orbital.storage.copy import copy
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("ledger")


class _Appended(NamedTuple):
    """What is announced of a fact that is new to the ledger."""

    seq: int
    intent_id: IntentId | None
    name: str
    actor: Address | Account | None
    timestamp: UnixSeconds
    block_hash: Hash32 | None
    log_index: int | None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A fact as readers see it: `canonical` is false after a reorg took its block."""

    seq: int
    fact: f.Fact
    canonical: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Intents whose rows the transaction holds; `unheard` are those of which the ledger knew nothing before."""

    intents: frozenset[IntentId]
    unheard: frozenset[IntentId]


async def lock_accounts(connection: Connection, accounts: Iterable[Address]) -> None:
    """Hold these accounts until the transaction ends. Before any intent is locked."""
    wanted = set(accounts)
    if len(wanted) == 1 and await connection.fetchval(_QUERIES["lock_accounts_hold"], list(wanted)):
        return  # one that has a row, as most have, needs no order
    await _lock(connection, "accounts", wanted)


async def lock_intents(connection: Connection, intent_ids: Iterable[IntentId]) -> Held:
    """Hold these intents until the transaction ends; rows are made for ids never heard of."""
    wanted = frozenset(intent_ids)
    return Held(wanted, frozenset(await _lock(connection, "intents", wanted)))


async def lock_affected(connection: Connection, facts: Sequence[f.Fact]) -> Held:
    """Lock what these facts concern: accounts, then the intents to fold anew."""
    takers = [taken for fact in facts if (taken := _nonce_of(fact)) is not None]
    await lock_accounts(connection, (user for user, _, _ in takers))
    affected = {fact.intent_id for fact in facts if fact.intent_id is not None}
    affected |= await _find_siblings(connection, [taken for fact in facts if (taken := _used_by(fact)) is not None])
    return await lock_intents(connection, affected)


async def record(
    connection: Connection,
    new: Sequence[f.Fact],
    rules: lifecycle.Rules,
    held: Held | None = None,
    new_blocks: Collection[Hash32] = (),
) -> list[int]:
    """Append facts and bring the projections along; returns the `seq` of those that were new, in ledger order.

    `held` is what `lock_affected` gave for these very facts, or, for one that touches no other intent, `lock_intents`
    with its user's account held. `new_blocks` are blocks that the database did not have before this transaction.
    """
    if not new:
        return []
    held = held or await lock_affected(connection, new)
    appended = await _append(connection, new, new_blocks)
    canonical = _first_heard(new, held.unheard, new_blocks)
    canonical |= await _load_own(connection, sorted(held.intents - canonical.keys()))
    await _add_nonce_takers(connection, canonical)
    states = {one: lifecycle.fold(one, facts, rules) for one, facts in canonical.items()}
    timed = {fact.intent_id for fact in new if isinstance(fact.event, deadlines.TIMED)}
    await _put_deadlines(connection, {one: facts for one, facts in canonical.items() if one in timed}, states)
    await projection.put(connection, states)
    await projection.refold_solvers(connection, new)
    snapshots = await pool_states.advance(connection, new)
    await outbox.put(connection, [_announcement(one, states) for one in appended if one.name not in market.NAMES])
    if snapshots:
        places = {(one.block_hash, one.log_index): one.seq for one in appended}
        await outbox.announce(connection, market.announce(new, places, snapshots))
    return [one.seq for one in appended]


async def refold(
    connection: Connection, intent_ids: Iterable[IntentId], rules: lifecycle.Rules
) -> dict[IntentId, lifecycle.State]:
    """Fold intents (whose rows the caller holds) from their canonical facts; writes and returns their states."""
    wanted = sorted(set(intent_ids))
    if not wanted:
        return {}
    canonical = await load_canonical(connection, wanted)
    states = {one: lifecycle.fold(one, canonical[one], rules) for one in wanted}
    await _drop_deadlines(connection, canonical, states)
    await _put_deadlines(connection, canonical, states)
    await projection.put(connection, states)
    return states


async def load_canonical(connection: Connection, intent_ids: Sequence[IntentId]) -> dict[IntentId, list[f.Fact]]:
    """What `lifecycle.fold` reads for each intent: its canonical facts and those that concern its nonce."""
    found = await _load_own(connection, intent_ids)
    await _add_nonce_takers(connection, found)
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


def _used_by(fact: f.Fact) -> tuple[Address, ChainId, int] | None:
    """The same of a fact of a chain: what is only submitted takes no nonce from another intent."""
    return None if fact.position is None else _nonce_of(fact)


async def _find_siblings(connection: Connection, takers: Sequence[tuple[Address, ChainId, int]]) -> set[IntentId]:
    if not takers:
        return set()
    found = await connection.fetch(_QUERIES["find_nonce_siblings"], *zip(*takers, strict=True))
    return {row["intent_id"] for row in found}


async def _lock(connection: Connection, table: str, keys: Iterable[Any]) -> list[Any]:
    """Hold rows in one order; those made for the purpose are returned, and held by that already."""
    wanted = sorted(set(keys))
    if not wanted:
        return []
    made = [row[0] for row in await connection.fetch(_QUERIES[f"lock_{table}"], wanted)]
    if len(made) < len(wanted):
        await connection.execute(_QUERIES[f"lock_{table}_hold"], sorted(set(wanted).difference(made)))
    return made


async def _append(connection: Connection, new: Sequence[f.Fact], new_blocks: Collection[Hash32]) -> list[_Appended]:
    """Put facts into the ledger; returns those that it did not have."""
    sure, unsure = _split(new, new_blocks)
    appended: list[_Appended] = []
    if sure:
        seqs = await connection.fetchval(_QUERIES["take_seqs"], len(sure))
        pairs = list(zip(seqs, sure, strict=True))
        await copy(connection, "facts", rows.LINE, [rows.line_of(seq, fact) for seq, fact in pairs])
        appended += [
            _Appended(seq, one.intent_id, one.name, one.actor, one.timestamp, *market.place_of(one))
            for seq, one in pairs
        ]
    if unsure:
        columns = zip(*(rows.columns_of(fact) for fact in unsure), strict=True)
        appended += [_Appended(*row) for row in await connection.fetch(_QUERIES["append_facts"], *columns)]
    return appended


def _split(new: Sequence[f.Fact], new_blocks: Collection[Hash32]) -> tuple[Sequence[f.Fact], Sequence[f.Fact]]:
    """Facts that can't be in the ledger yet because their block is not, each told once, and the others."""
    sure: dict[tuple[Any, ...], f.Fact] = {}
    unsure = []
    for fact in new:
        p = fact.position
        if p is None or p.block_hash not in new_blocks:
            unsure.append(fact)
        else:
            sure[(p.block_hash, fact.intent_id, fact.event) if p.is_block_fact else (p.block_hash, p.log_index)] = fact
    return list(sure.values()), unsure


def _first_heard(
    new: Sequence[f.Fact], unheard: Collection[IntentId], new_blocks: Collection[Hash32]
) -> dict[IntentId, list[f.Fact]]:
    """The whole of what the ledger knows of intents that it knows from `new` alone, all of it canonical.

    Of facts off chain only one that comes alone is known to be new.
    """
    found: dict[IntentId, list[f.Fact]] = {}
    unsure = set()
    for fact in new:
        if fact.intent_id is None or fact.intent_id not in unheard:
            continue
        p = fact.position
        if p.block_hash not in new_blocks if p is not None else len(new) > 1:
            unsure.add(fact.intent_id)
        found.setdefault(fact.intent_id, []).append(fact)
    return {one: facts for one, facts in found.items() if one not in unsure}


async def _load_own(connection: Connection, intent_ids: Sequence[IntentId]) -> dict[IntentId, list[f.Fact]]:
    found: dict[IntentId, list[f.Fact]] = {one: [] for one in intent_ids}
    if found:
        for row in await connection.fetch(_QUERIES["load_canonical"], list(intent_ids)):
            found[row["intent_id"]].append(rows.fact_of(row))
    return found


async def _add_nonce_takers(connection: Connection, canonical: Mapping[IntentId, list[f.Fact]]) -> None:
    """Add to each intent's facts those of others that took its nonce."""
    nonces = [
        (subject, intent.user, intent.origin_chain_id, str(intent.nonce))
        for subject, facts in canonical.items()
        if (intent := _intent_in(facts)) is not None
    ]
    if nonces:
        for row in await connection.fetch(_QUERIES["load_canonical_nonces"], *zip(*nonces, strict=True)):
            canonical[row["subject"]].append(rows.fact_of(row))


async def _put_deadlines(
    connection: Connection,
    canonical: Mapping[IntentId, list[f.Fact]],
    states: Mapping[IntentId, lifecycle.State],
) -> None:
    """Write the deadlines that these canonical facts set, passed where a fact says so."""
    if wanted := _all_deadlines(canonical, states):
        await connection.execute(_QUERIES["put_deadlines"], *zip(*wanted, strict=True))


async def _drop_deadlines(
    connection: Connection,
    canonical: Mapping[IntentId, list[f.Fact]],
    states: Mapping[IntentId, lifecycle.State],
) -> None:
    """Take away the deadlines that no canonical fact sets any more."""
    stays = [list(column) for column in zip(*_all_deadlines(canonical, states), strict=True)] or [[], [], []]
    await connection.execute(_QUERIES["drop_deadlines"], list(canonical), *stays[:3])


def _all_deadlines(
    canonical: Mapping[IntentId, list[f.Fact]], states: Mapping[IntentId, lifecycle.State]
) -> list[tuple[IntentId, str, int, ChainId, int, int | None]]:
    return sorted({row for one, facts in canonical.items() for row in _deadlines_of(one, facts, states[one].intent)})


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


def _announcement(new: _Appended, states: Mapping[IntentId, lifecycle.State]) -> tuple[str, str, str]:
    """A row of the outbox; everything in its JSON is hex, a number or a word, so that it needs no escapes."""
    actor = "" if new.actor is None else f',"actor":"0x{new.actor.hex()}"'
    state = None if new.intent_id is None else states.get(new.intent_id)
    if new.intent_id is None or state is None:
        return "chains", new.name, f'{{"seq":{new.seq},"timestamp":{new.timestamp}{actor}}}'
    status = "null" if state.status is None else f'"{state.status}"'
    anomaly = "null" if state.anomaly is None else f'"{state.anomaly}"'
    about = f'"intent_id":"0x{new.intent_id.hex()}","status":{status},"anomaly":{anomaly}'
    return "intents", new.name, f'{{"seq":{new.seq},"timestamp":{new.timestamp},{about}{actor}}}'


def _intent_in(facts: Sequence[f.Fact]) -> Intent | None:
    for fact in facts:
        if isinstance(fact.event, f.IntentSubmitted | f.IntentOpened):
            return fact.event.intent
    return None
