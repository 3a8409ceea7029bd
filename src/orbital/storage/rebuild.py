"""Recreates every projection from the ledger; the result equals what following the chains produced, in every column.

Concluded awards and scores are of what is final by now, and scores of today: where the analytics process has not come
that far, they are ahead of it.
"""

from typing import Final

from orbital.domain import evidence
from orbital.domain.types import Address, IntentId
from orbital.storage import claims, conclusions, ledger, pool, pool_states, projection, scores

_BATCH: Final = 500
_SOLVERS_BATCH: Final = 50


async def rebuild(database: pool.Pool, rules: evidence.Rules) -> int:
    """Fold every intent, solver and pool anew, then count reputations, in batches of one transaction each.

    Returns the number of intents.
    """
    after, count = IntentId(b""), 0
    while True:
        async with pool.transaction(database) as connection:
            wanted = await ledger.list_intent_ids(connection, after, _BATCH)
            await claims.lock_intents(connection, wanted)
            await ledger.refold(connection, wanted, rules)
        if not wanted:
            break
        after, count = wanted[-1], count + len(wanted)
    async with pool.transaction(database) as connection:
        await projection.put_solvers(connection, await projection.list_solver_addresses(connection))
        await pool_states.refold_all(connection)
    await _rebuild_reputations(database)
    return count


async def _rebuild_reputations(database: pool.Pool) -> None:
    """Conclude every award anew, then score every solver."""
    concluded: IntentId | None = IntentId(b"")
    while concluded is not None:
        async with pool.transaction(database) as connection:
            await conclusions.hold(connection)
            concluded = await conclusions.rebuild(connection, concluded, _BATCH)
    async with pool.transaction(database) as connection:
        await conclusions.hold(connection)
        await scores.drop_unknown(connection)
    scored = Address(b"")
    while True:
        async with pool.transaction(database) as connection:
            await conclusions.hold(connection)
            known = [one.address for one in await scores.list_known(connection, scored, _SOLVERS_BATCH)]
            await scores.score(connection, known)
        if not known:
            break
        scored = known[-1]
