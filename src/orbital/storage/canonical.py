"""What the fold of an intent reads: its canonical facts, and those that took its nonce."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from orbital.domain import facts as f
from orbital.domain.intent import Intent
from orbital.domain.types import Address, ChainId, IntentId
from orbital.storage import rows, sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("ledger")


class Nonce(NamedTuple):
    """What one intent at most may use up."""

    user: Address
    chain_id: ChainId
    number: int


async def load(connection: Connection, intent_ids: Sequence[IntentId]) -> dict[IntentId, list[f.Fact]]:
    """For each intent what `lifecycle.fold` reads."""
    found: dict[IntentId, list[f.Fact]] = {one: [] for one in intent_ids}
    if found:
        for row in await connection.fetch(_QUERIES["load_canonical"], list(intent_ids)):
            found[row["intent_id"]].append(rows.fact_of(row))
    await add_nonce_takers(connection, found)
    return found


async def add_nonce_takers(connection: Connection, canonical: Mapping[IntentId, list[f.Fact]]) -> None:
    """Add to each intent's facts those of the ledger by which others took its nonce."""
    nonces = [
        (subject, intent.user, intent.origin_chain_id, str(intent.nonce))
        for subject, facts in canonical.items()
        if (intent := intent_in(facts)) is not None
    ]
    if nonces:
        for row in await connection.fetch(_QUERIES["load_canonical_nonces"], *zip(*nonces, strict=True)):
            canonical[row["subject"]].append(rows.fact_of(row))


def add_new_takers(canonical: Mapping[IntentId, list[f.Fact]], new: Iterable[f.Fact]) -> None:
    """The same of facts that are about to be appended."""
    takers: dict[Nonce, list[f.Fact]] = {}
    for fact in new:
        if (taken := nonce_used_by(fact)) is not None:
            takers.setdefault(taken, []).append(fact)
    for subject, facts in canonical.items():
        if takers and (intent := intent_in(facts)) is not None:
            nonce = Nonce(intent.user, intent.origin_chain_id, intent.nonce)
            facts += [one for one in takers.get(nonce, ()) if one.intent_id != subject]


def nonce_of(fact: f.Fact) -> Nonce | None:
    """The nonce that a fact claims or uses up."""
    match fact.event:
        case f.IntentSubmitted(intent=intent) | f.IntentOpened(intent=intent):
            return Nonce(intent.user, intent.origin_chain_id, intent.nonce)
        case f.NonceInvalidated(user=user, nonce=nonce) if fact.position is not None:
            return Nonce(user, fact.position.chain_id, nonce)
        case _:
            return None


def nonce_used_by(fact: f.Fact) -> Nonce | None:
    """The same of a fact of a chain: what is only submitted takes no nonce from another intent."""
    return None if fact.position is None else nonce_of(fact)


def intent_in(facts: Iterable[f.Fact]) -> Intent | None:
    """The intent that one of these facts tells whole."""
    for fact in facts:
        if isinstance(fact.event, f.IntentSubmitted | f.IntentOpened):
            return fact.event.intent
    return None
