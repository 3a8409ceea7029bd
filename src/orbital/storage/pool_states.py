"""The states of pools: what their events add up to, a row for each block in which a pool changed.

A state belongs to a block's hash and follows from that block's history alone. So a reorg needs nothing folded: the
state now is the last one whose block is canonical, and a block that returns has its state with it. Rows that came
before the last one in verified blocks are deleted; a rewind below them folds anew from the ledger, as `refold` does.
Of many blocks at once only those rows are written that would be kept.
"""

import typing
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from orbital.domain import facts as f
from orbital.domain.orbital import replay
from orbital.domain.pool_facts import PoolEvent
from orbital.domain.types import Address, BlockNumber, ChainId, Hash32, UnixSeconds
from orbital.storage import facts_json, rows, sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("pool_states")
_EVENTS: Final = frozenset(typing.get_args(PoolEvent))
_BATCH: Final = 5_000

_Told = tuple[f.Position, PoolEvent]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A pool's state after a block that changed it."""

    chain_id: ChainId
    pool: Address
    block_number: BlockNumber
    block_hash: Hash32
    state: replay.State


@dataclass(frozen=True, slots=True)
class Current:
    """A pool's state as of its chain's last indexed block; `state_hash` names the block that changed it last.

    `state` is None for a state that the caller said it has.
    """

    chain_id: ChainId
    pool: Address
    state_hash: Hash32
    state: replay.State | None
    block_number: BlockNumber
    block_hash: Hash32
    timestamp: UnixSeconds


async def advance(connection: Connection, new: Iterable[f.Fact]) -> list[Snapshot]:
    """Bring the pools along that these facts speak of; returns their new states, in chain order.

    The facts are all of their blocks, and the blocks are canonical.
    """
    by_chain: dict[ChainId, dict[tuple[Hash32, int], _Told]] = {}
    for fact in new:
        if (told := _told(fact)) is not None:
            at, _ = told
            by_chain.setdefault(at.chain_id, {})[at.block_hash, at.log_index] = told
    found: list[Snapshot] = []
    for chain_id, of_chain in by_chain.items():
        found += await _advance_chain(connection, chain_id, sorted(of_chain.values(), key=_place))
    return found


async def restore(connection: Connection, chain_id: ChainId, fallen: Iterable[f.Fact]) -> None:
    """After a rollback: fold those pools anew whose last canonical state had been deleted."""
    pools = {told[1].pool for fact in fallen if (told := _told(fact)) is not None}
    if not pools:
        return
    lost = {row["pool"] for row in await connection.fetch(_QUERIES["list_lost"], chain_id, sorted(pools))}
    if lost:
        await refold(connection, chain_id, lost)


async def refold(connection: Connection, chain_id: ChainId, pools: Collection[Address] | None = None) -> None:
    """Fold pools of a chain, all without `pools`, from the canonical facts."""
    await connection.execute(_QUERIES["lock"])
    await connection.execute(_QUERIES["drop"], chain_id, None if pools is None else sorted(pools))
    states: dict[Address, replay.State | None] = {}
    place = (-1, -1)
    while found := await connection.fetch(_QUERIES["list_facts"], chain_id, *place, _BATCH):
        place = found[-1]["block_number"], found[-1]["log_index"]
        told = [one for row in found if (one := _told(rows.fact_of(row))) is not None]
        snapshots = _fold(states, [one for one in told if pools is None or one[1].pool in pools])
        await _put(connection, chain_id, snapshots)


async def refold_all(connection: Connection) -> None:
    """Fold every pool anew."""
    for row in await connection.fetch(_QUERIES["list_chains"]):
        await refold(connection, ChainId(row["chain_id"]))


async def list_current(
    connection: Connection, wanted: Sequence[tuple[ChainId, Address]], known: Collection[Hash32] = ()
) -> list[Current]:
    """The pools among `wanted` that have a state. `known` are blocks whose states need not be told."""
    if not wanted:
        return []
    found = await connection.fetch(_QUERIES["list_current"], *zip(*wanted, strict=True), list(known))
    return [
        Current(
            chain_id=ChainId(row["chain_id"]),
            pool=Address(row["pool"]),
            state_hash=Hash32(row["state_hash"]),
            state=None if row["state"] is None else facts_json.decode_value(replay.State, row["state"]),
            block_number=BlockNumber(row["number"]),
            block_hash=Hash32(row["hash"]),
            timestamp=UnixSeconds(row["timestamp"]),
        )
        for row in found
    ]


async def _advance_chain(connection: Connection, chain_id: ChainId, told: Sequence[_Told]) -> list[Snapshot]:
    first: dict[Address, BlockNumber] = {}
    for at, event in told:
        first.setdefault(event.pool, at.block_number)
    found = await connection.fetch(_QUERIES["load_before"], chain_id, list(first), list(first.values()))
    states: dict[Address, replay.State | None] = {
        row["pool"]: facts_json.decode_value(replay.State, row["state"]) for row in found
    }
    snapshots = _fold(states, told)
    await _put(connection, chain_id, snapshots)
    return snapshots


async def _put(connection: Connection, chain_id: ChainId, snapshots: Sequence[Snapshot]) -> None:
    """Write the states that a reorg may still need, and delete those that none does."""
    final = await connection.fetchval(_QUERIES["find_final"], chain_id)
    kept = snapshots if final is None else _keep(snapshots, final)
    if kept:
        columns = zip(
            *(
                (one.pool, one.block_number, one.block_hash, facts_json.encode_value(replay.State, one.state))
                for one in kept
            ),
            strict=True,
        )
        await connection.execute(_QUERIES["put"], chain_id, *columns)
    if final is not None:
        await connection.execute(_QUERIES["prune"], chain_id, sorted({one.pool for one in kept}), final)


def _keep(snapshots: Iterable[Snapshot], final: BlockNumber) -> list[Snapshot]:
    """All above the final block, and of each pool the last one up to it."""
    last: dict[Address, Snapshot] = {}
    above = []
    for one in snapshots:
        if one.block_number > final:
            above.append(one)
        else:
            last[one.pool] = one
    return [*last.values(), *above]


def _fold(states: dict[Address, replay.State | None], told: Sequence[_Told]) -> list[Snapshot]:
    """Apply events in chain order to the states; a snapshot for each block and pool."""
    blocks: dict[tuple[Address, Hash32], tuple[f.Position, list[PoolEvent]]] = {}
    for at, event in told:
        blocks.setdefault((event.pool, at.block_hash), (at, []))[1].append(event)
    found = []
    for (pool, block_hash), (at, events) in blocks.items():
        state = states[pool] = replay.replay(states.get(pool), events)
        if state is not None:
            found.append(Snapshot(at.chain_id, pool, at.block_number, block_hash, state))
    return found


def _told(fact: f.Fact) -> _Told | None:
    """A pool's event and its place; None for any other fact."""
    if type(fact.event) not in _EVENTS or fact.position is None:
        return None
    return fact.position, typing.cast("PoolEvent", fact.event)


def _place(told: _Told) -> tuple[int, int]:
    return told[0].block_number, told[0].log_index
