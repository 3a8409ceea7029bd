"""Folded states as rows: the tables that readers ask. Written by the ledger alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final

import asyncpg

from orbital.domain import facts as f
from orbital.domain.foreign_facts import ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.lifecycle import State
from orbital.domain.types import Address, IntentId
from orbital.storage import sql
from orbital.storage.copy import FEW, NULL, copy, hex_of, text_of
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("intents")
_INSERT_FEW, _UPDATE_FEW, _UPDATE_STAGED = (
    _QUERIES[way].replace("{states}", _QUERIES[source])
    for way, source in (
        ("insert_states", "few_states"),
        ("update_states", "few_states"),
        ("update_states", "staged_states"),
    )
)
_SOLVERS: Final = sql.load("solvers")
OF_SOLVERS: Final = (f.SolverRegistered, f.BondChanged)
"""Events by which a solver's row changes."""

_NO_INTENT: Final = (None,) * 13
_NO_INTENT_LINE: Final = "\t".join([NULL] * len(_NO_INTENT))
_COLUMNS: Final = (
    "intent_id",
    "protocol",
    "reference",
    "user_address",
    "recipient",
    "origin_chain_id",
    "destination_chain_id",
    "input_token",
    "input_amount",
    "output_token",
    "min_output_amount",
    "nonce",
    "open_deadline",
    "fill_deadline",
    "auctioneer",
    "status",
    "submitted",
    "solver",
    "output_amount",
    "round",
    "open_by",
    "fill_by",
    "refund_due",
    "refundable_at",
    "legs",
    "anomaly",
    "auctionable",
    "unjudged_rounds",
    "lapsed_solvers",
    "created_at",
    "updated_at",
)


async def insert(
    connection: Connection, states: Mapping[IntentId, State], lines: Mapping[IntentId, str]
) -> frozenset[IntentId]:
    """Make the rows of intents, in the order of their ids; returns those that had none. What is there stays.

    `lines` has `line_of` for those states for which it was asked before. Many are taken for new, as they are unless
    somebody else makes one of them just now: to look at each again would take half as long again.
    """
    if not states:
        return frozenset()
    if len(states) <= FEW:
        return _ids(await connection.fetch(_INSERT_FEW, *_transpose(states)))
    wanted = sorted(states)
    while wanted:
        try:
            async with connection.transaction():
                await copy(
                    connection, "intents", _COLUMNS, [lines.get(one) or line_of(one, states[one]) for one in wanted]
                )
            break
        except asyncpg.UniqueViolationError:
            if not (known := await list_known(connection, wanted)):
                raise
            wanted = [one for one in wanted if one not in known]
    return frozenset(wanted)


async def list_known(connection: Connection, intent_ids: Collection[IntentId]) -> frozenset[IntentId]:
    """Those of them that have a row."""
    return _ids(await connection.fetch(_QUERIES["list_known"], list(intent_ids)))


async def update(connection: Connection, states: Mapping[IntentId, State]) -> None:
    """Write the states of intents whose rows the caller holds."""
    if len(states) > FEW:
        await _stage(connection, [line_of(*item) for item in states.items()])
        await connection.execute(_UPDATE_STAGED)
    elif states:
        await connection.execute(_UPDATE_FEW, *_transpose(states))


def line_of(intent_id: IntentId, state: State) -> str:
    """A state as a line of COPY: the text of `_columns`."""
    protocol, intent, status, submitted, solver, amount, round_, open_by, fill_by, refund_due, refundable_at = state[
        :11
    ]
    _, anomaly, auctionable, _, lapsed, created_at, updated_at = state[11:]
    return (
        f"\\\\x{intent_id.hex()}\t{protocol}\t{_intent_line(intent)}\t{status or NULL}\t{submitted}\t{hex_of(solver)}\t"
        f"{_text(amount)}\t{round_}\t{_text(open_by)}\t{_text(fill_by)}\t{refund_due}\t{_text(refundable_at)}\t"
        f"{_legs(state)}\t{anomaly or NULL}\t{auctionable}\t{_rounds(state)}\t"
        f"{text_of(_lapsed(state)) if lapsed else '{}'}\t{_text(created_at)}\t{_text(updated_at)}"
    )


async def refold_solvers(connection: Connection, new: Iterable[f.Fact]) -> None:
    """Bring the rows of those solvers up to date whom registry facts concern."""
    await put_solvers(connection, _solvers_in(new))


async def hold_solvers(connection: Connection, new: Iterable[f.Fact]) -> None:
    """Hold those rows, all in one order: for who folds some of them first and others later."""
    if addresses := _solvers_in(new):
        await connection.execute(_SOLVERS["hold"], addresses)


async def put_solvers(connection: Connection, addresses: Sequence[Address]) -> None:
    """Fold these solvers anew from the canonical registry facts; one that vanished with its blocks has no row."""
    if addresses:
        await connection.execute(_SOLVERS["hold"], list(addresses))
        await connection.execute(_SOLVERS["forget"], list(addresses))
        await connection.execute(_SOLVERS["refold"], list(addresses))


async def list_solver_addresses(connection: Connection) -> list[Address]:
    """Every solver that the ledger speaks of."""
    return [row["actor"] for row in await connection.fetch(_SOLVERS["list_addresses"])]


def _solvers_in(new: Iterable[f.Fact]) -> list[Address]:
    return sorted({event.solver for fact in new if isinstance(event := fact.event, OF_SOLVERS)})


def _ids(found: Iterable[Row]) -> frozenset[IntentId]:
    return frozenset(row["intent_id"] for row in found)


async def _stage(connection: Connection, lines: Iterable[str]) -> None:
    await connection.execute(_QUERIES["stage"])
    await copy(connection, "staged_intents", _COLUMNS, lines)


def _transpose(states: Mapping[IntentId, State]) -> Iterable[tuple[Any, ...]]:
    return zip(*(_columns(*item) for item in states.items()), strict=True)


def _columns(intent_id: IntentId, state: State) -> tuple[Any, ...]:
    return (
        intent_id,
        state.protocol.value,
        *_intent_columns(state),
        None if state.status is None else state.status.value,
        state.submitted,
        state.solver,
        None if state.output_amount is None else str(state.output_amount),
        state.round,
        state.open_by,
        state.fill_by,
        state.refund_due,
        state.refundable_at,
        _legs(state),
        None if state.anomaly is None else state.anomaly.value,
        state.auctionable,
        _rounds(state),
        _lapsed(state),
        state.created_at,
        state.updated_at,
    )


def _intent_columns(state: State) -> tuple[Any, ...]:
    one = state.intent
    if one is None:
        return _NO_INTENT
    return (
        one.reference if isinstance(one, ForeignIntent) else None,
        one.user,
        one.recipient,
        one.origin_chain_id,
        one.destination_chain_id,
        one.input_token,
        str(one.input_amount),
        one.output_token,
        str(one.min_output_amount),
        *((None, None) if isinstance(one, ForeignIntent) else (str(one.nonce), one.open_deadline)),
        one.fill_deadline,
        None if isinstance(one, ForeignIntent) else one.auctioneer,
    )


def _intent_line(one: Intent | ForeignIntent | None) -> str:
    """The text of `_intent_columns`."""
    if one is None:
        return _NO_INTENT_LINE
    reference, terms, auctioneer = NULL, f"{NULL}\t{NULL}", NULL
    if isinstance(one, ForeignIntent):
        reference = text_of(one.reference)
    else:
        terms, auctioneer = f"{one.nonce}\t{one.open_deadline}", hex_of(one.auctioneer)
    return (
        f"{reference}\t\\\\x{one.user.hex()}\t\\\\x{one.recipient.hex()}\t{one.origin_chain_id}\t"
        f"{one.destination_chain_id}\t\\\\x{one.input_token.hex()}\t{one.input_amount}\t"
        f"\\\\x{one.output_token.hex()}\t{one.min_output_amount}\t{terms}\t{one.fill_deadline}\t"
        f"{auctioneer}"
    )


def _text(number: int | None) -> str:
    return NULL if number is None else str(number)


def _legs(state: State) -> str:
    return "{" + ",".join([f'"{leg}":{_leg(fact)}' for leg, fact in state.legs.items()]) + "}"


def _rounds(state: State) -> str:
    return "{" + ",".join(map(str, state.unjudged_rounds)) + "}" if state.unjudged_rounds else "{}"


def _lapsed(state: State) -> str:
    return "{" + ",".join([f'"\\\\x{one.hex()}"' for one in sorted(state.lapsed_solvers)]) + "}"


def _leg(fact: f.Fact) -> str:
    """JSON of where and when a leg happened."""
    p = fact.position
    if p is None or p.tx_hash is None:
        raise ValueError(f"a leg is a chain fact with a transaction, not {fact.name}")
    return (
        f'{{"chain_id":{p.chain_id},"tx_hash":"0x{p.tx_hash.hex()}","block_number":{p.block_number},'
        f'"block_hash":"0x{p.block_hash.hex()}","log_index":{p.log_index},"timestamp":{fact.timestamp}}}'
    )
