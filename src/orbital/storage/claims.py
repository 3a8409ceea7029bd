"""Rows that a transaction holds before it writes them: accounts, then intents, each kind in one global order.

So no two transactions wait for each other, whatever chain or caller they work for. An intent that the database never
heard of is held by inserting its row; `claim` inserts it whole, folded from the facts that are about to be appended,
so that it is written once. Rows are inserted before any row that is there is locked: who waits for an insert holds no
row that the inserter may still want.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from orbital.domain import facts as f
from orbital.domain import lifecycle
from orbital.domain.types import Address, Hash32, IntentId
from orbital.storage import canonical, projection, sql
from orbital.storage.canonical import Nonce
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("ledger")


@dataclass(frozen=True, slots=True)
class Held:
    """Intents whose rows the transaction holds. Those in `facts` were new: these are all their canonical facts, and
    their rows are written already, as their `states` say.
    """

    intents: frozenset[IntentId]
    facts: Mapping[IntentId, Sequence[f.Fact]]
    states: Mapping[IntentId, lifecycle.State]


async def lock_accounts(connection: Connection, accounts: Iterable[Address]) -> None:
    """Hold these accounts until the transaction ends. Before any intent is locked."""
    wanted = sorted(set(accounts))
    if not wanted or (len(wanted) == 1 and await connection.fetchval(_QUERIES["lock_accounts_hold"], wanted)):
        return  # one that has a row, as most have, needs no order
    made = await connection.fetch(_QUERIES["lock_accounts"], wanted)
    if len(made) < len(wanted):
        await connection.execute(_QUERIES["lock_accounts_hold"], wanted)


async def lock_intents(connection: Connection, intent_ids: Iterable[IntentId]) -> None:
    """Hold these intents until the transaction ends; rows are made for ids never heard of."""
    wanted = sorted(set(intent_ids))
    if wanted:
        await connection.execute(_QUERIES["make_intents"], wanted)
        await connection.execute(_QUERIES["lock_intents"], wanted)


async def lock_affected(
    connection: Connection,
    facts: Sequence[f.Fact],
    rules: lifecycle.Rules,
    new: Sequence[f.Fact] = (),
    new_blocks: Collection[Hash32] = (),
) -> Held:
    """Lock what these facts concern: accounts, then the intents to fold anew. See `claim` for the rest."""
    takers = [taken for fact in facts if (taken := canonical.nonce_of(fact)) is not None]
    await lock_accounts(connection, (taken.user for taken in takers))
    affected = {fact.intent_id for fact in facts if fact.intent_id is not None}
    used = {taken for fact in facts if (taken := canonical.nonce_used_by(fact)) is not None}
    affected |= await _find_siblings(connection, used)
    return await claim(connection, affected, rules, new, new_blocks)


async def claim(
    connection: Connection,
    intent_ids: Collection[IntentId],
    rules: lifecycle.Rules,
    new: Sequence[f.Fact] = (),
    new_blocks: Collection[Hash32] = (),
) -> Held:
    """Hold these intents, the accounts of their users being held; those never heard of get their rows.

    `new` is what the transaction is about to append; `new_blocks` are blocks that the database did not have before it.
    """
    wanted = frozenset(intent_ids)
    if not wanted:
        return Held(wanted, {}, {})
    unheard = wanted
    if len(wanted) > 1 or canonical.intent_in(new) is None:  # of one that seems new the insert finds out
        unheard = wanted - await _list_known(connection, wanted)
    told = _tell_all(new, unheard, new_blocks)
    canonical.add_new_takers(told, new)
    await canonical.add_nonce_takers(connection, told)
    states = {one: lifecycle.fold(one, told.get(one, ()), rules) for one in unheard}
    made = await projection.insert(connection, states)
    if held := sorted(wanted - made):
        await connection.execute(_QUERIES["lock_intents"], held)
    whole = made & told.keys()
    return Held(wanted, {one: told[one] for one in whole}, {one: states[one] for one in whole})


async def _list_known(connection: Connection, wanted: Collection[IntentId]) -> set[IntentId]:
    return {row["intent_id"] for row in await connection.fetch(_QUERIES["list_known"], list(wanted))}


def _tell_all(
    new: Sequence[f.Fact], unheard: Collection[IntentId], new_blocks: Collection[Hash32]
) -> dict[IntentId, list[f.Fact]]:
    """The whole of what the ledger will know of intents that it will know from `new` alone, all of it canonical.

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


async def _find_siblings(connection: Connection, used: Collection[Nonce]) -> set[Any]:
    if not used:
        return set()
    found = await connection.fetch(_QUERIES["find_nonce_siblings"], *zip(*used, strict=True))
    return {row["intent_id"] for row in found}
