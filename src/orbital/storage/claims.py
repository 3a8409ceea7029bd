"""Rows that a transaction holds before it writes them: accounts, then intents, each kind in one global order.

So no two transactions wait for each other, whatever chain or caller they work for. An intent that the database never
heard of is held by inserting its row; `claim` inserts it whole, folded from the facts that are about to be appended,
so that it is written once. Rows are inserted before any row that is there is locked: who waits for an insert holds no
row that the inserter may still want.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from orbital.domain import evidence, lifecycle
from orbital.domain import facts as f
from orbital.domain.types import Address, ChainId, Hash32, IntentId
from orbital.storage import canonical, projection, sql
from orbital.storage.batches import Batch
from orbital.storage.canonical import Nonce
from orbital.storage.pool import Connection

EVERYWHERE: Final = ChainId(0)

_QUERIES: Final = sql.load("ledger")


@dataclass(frozen=True, slots=True)
class Held:
    """Intents whose rows the transaction holds. Those in `facts` were new: these are all their canonical facts, and
    their rows are written already, as their `states` say. `siblings` carry a nonce that is used up.
    """

    intents: frozenset[IntentId]
    facts: Mapping[IntentId, Sequence[f.Fact]] = field(default_factory=dict)
    states: Mapping[IntentId, lifecycle.State] = field(default_factory=dict)
    siblings: frozenset[IntentId] = frozenset()


class Account(NamedTuple):
    """Who takes nonces where; `EVERYWHERE` is no chain, and for what counts over all of them."""

    address: Address
    chain_id: ChainId


async def lock_accounts(connection: Connection, accounts: Iterable[Account]) -> None:
    """Hold these accounts until the transaction ends. Before any intent is locked."""
    wanted = sorted(set(accounts))
    if not wanted:
        return
    columns = [*zip(*wanted, strict=True)]
    if not await connection.fetchval(_QUERIES["lock_accounts"], *columns):
        await connection.execute(_QUERIES["make_accounts"], *columns)
        await connection.fetchval(_QUERIES["lock_accounts"], *columns)


async def lock_intents(connection: Connection, intent_ids: Iterable[IntentId]) -> None:
    """Hold these intents until the transaction ends; rows are made for ids never heard of."""
    wanted = sorted(set(intent_ids))
    if wanted:
        await connection.execute(_QUERIES["make_intents"], wanted)
        await connection.execute(_QUERIES["lock_intents"], wanted)


async def lock_affected(
    connection: Connection,
    batch: Batch,
    rules: evidence.Rules,
    new_blocks: frozenset[Hash32] = frozenset(),
    others: Sequence[f.Fact] = (),
) -> Held:
    """Lock what is concerned by a batch that is about to be appended, and by other facts: accounts, then intents."""
    nonces = batch.nonces | {nonce for fact in others if (nonce := canonical.nonce_of(fact)) is not None}
    await lock_accounts(connection, (Account(nonce.user, nonce.chain_id) for nonce in nonces))
    used = {nonce for fact in others if fact.position and (nonce := canonical.nonce_of(fact)) is not None}
    affected = batch.told.keys() | {fact.intent_id for fact in others if fact.intent_id is not None}
    siblings = await _find_siblings(connection, used.union(batch.used))
    held = await claim(connection, affected | siblings, batch, rules, new_blocks)
    return replace(held, siblings=siblings)


async def claim(
    connection: Connection,
    intent_ids: Collection[IntentId],
    batch: Batch,
    rules: evidence.Rules,
    new_blocks: frozenset[Hash32] = frozenset(),
) -> Held:
    """Hold these intents, the accounts of their users being held; those never heard of get their rows.

    `new_blocks` are blocks that the database did not have before this transaction.
    """
    wanted = frozenset(intent_ids)
    if not wanted:
        return Held(wanted)
    is_one_new = len(wanted) == 1 and bool(batch.nonces)  # the insert finds out
    unheard = wanted if is_one_new else wanted - await projection.list_known(connection, wanted)
    told = {one: batch.told[one] for one in unheard & batch.told.keys()} if batch.is_sure(new_blocks) else {}
    lines = batch.intent_lines
    states = {
        one: (one in told and batch.states.get(one)) or lifecycle.fold(one, told.get(one, ()), rules) for one in unheard
    }
    if takers := await canonical.find_nonce_takers(connection, told):
        states |= {one: lifecycle.fold(one, told[one] + more, rules) for one, more in takers.items()}
        lines = {one: line for one, line in lines.items() if one not in takers}
    made = await projection.insert(connection, states, lines)
    if held := sorted(wanted - made):
        await connection.execute(_QUERIES["lock_intents"], held)
    whole = made & told.keys()
    return Held(wanted, {one: told[one] for one in whole}, {one: states[one] for one in whole})


async def _find_siblings(connection: Connection, used: Collection[Nonce]) -> frozenset[IntentId]:
    """Intents of the ledger that carry these nonces."""
    if not used:
        return frozenset()
    columns = zip(*((nonce.user, nonce.chain_id, str(nonce.number)) for nonce in used), strict=True)
    found = await connection.fetch(_QUERIES["find_nonce_siblings"], *columns)
    return frozenset(row["intent_id"] for row in found)
