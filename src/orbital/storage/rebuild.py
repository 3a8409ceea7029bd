"""Recreates every projection from the ledger; the result equals what following the chains produced, in every column."""

from typing import Final

from orbital.domain import lifecycle
from orbital.domain.types import IntentId
from orbital.storage import claims, ledger, pool, pool_states, projection

_BATCH: Final = 500


async def rebuild(database: pool.Pool, rules: lifecycle.Rules) -> int:
    """Fold every intent, solver and pool anew, intents in batches of one transaction each; returns their number."""
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
    return count
