"""What the fold of an intent reads: its canonical facts, and those that took its nonce."""

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from orbital.domain import facts as f
from orbital.domain.types import Address, ChainId, IntentId
from orbital.storage import rows, sql
from orbital.storage.pool import Connection

ALL: Final = 2**63 - 1
"""Beyond every `seq`."""

_QUERIES: Final = sql.load("ledger")
_OF_INTENTS: Final = (f.IntentSubmitted, f.IntentOpened)
_OF_NONCES: Final = frozenset({*_OF_INTENTS, f.NonceInvalidated})


class Nonce(NamedTuple):
    """What one intent at most may use up."""

    user: Address
    chain_id: ChainId
    number: int


async def load(
    connection: Connection,
    intent_ids: Iterable[IntentId],
    at_hand: Mapping[IntentId, Sequence[f.Fact]] = types.MappingProxyType({}),
    before: int = ALL,
) -> dict[IntentId, list[f.Fact]]:
    """For each intent what `lifecycle.fold` reads.

    Of their own facts those from the `seq` `before` on are not read: they are `at_hand`, among others' perhaps.
    """
    found = {one: [fact for fact in at_hand.get(one, ()) if fact.intent_id == one] for one in intent_ids}
    if found:
        for row in await connection.fetch(_QUERIES["load_canonical"], list(found), before):
            found[row["intent_id"]].append(rows.fact_of(row))
        for subject, takers in (await find_nonce_takers(connection, found)).items():
            found[subject] += takers
    return found


async def find_nonce_takers(
    connection: Connection, told: Mapping[IntentId, Sequence[f.Fact]]
) -> dict[IntentId, list[f.Fact]]:
    """Facts of the ledger by which others took the nonces of these intents, as far as it is known which theirs are."""
    nonces = [
        (subject, nonce.user, nonce.chain_id, str(nonce.number))
        for subject, facts in told.items()
        if (nonce := nonce_in(facts)) is not None
    ]
    found: dict[IntentId, list[f.Fact]] = {}
    if nonces:
        for row in await connection.fetch(_QUERIES["load_canonical_nonces"], *zip(*nonces, strict=True)):
            found.setdefault(row["subject"], []).append(rows.fact_of(row))
    return found


def nonce_of(fact: f.Fact) -> Nonce | None:
    """The nonce that a fact claims, or, on a chain, uses up."""
    if type(fact.event) not in _OF_NONCES:
        return None  # as most are, so it is known at once
    match fact.event:
        case f.IntentSubmitted(intent=intent) | f.IntentOpened(intent=intent):
            return Nonce(intent.user, intent.origin_chain_id, intent.nonce)
        case f.NonceInvalidated(user=user, nonce=nonce) if fact.position is not None:
            return Nonce(user, fact.position.chain_id, nonce)
        case _:
            return None


def nonce_in(facts: Iterable[f.Fact]) -> Nonce | None:
    """The nonce of the intent that one of these facts tells whole."""
    for fact in facts:
        if isinstance(fact.event, _OF_INTENTS):
            return nonce_of(fact)
    return None
