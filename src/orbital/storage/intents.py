"""Intents as readers see them, and what intake asks before it takes one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from orbital.domain.errors import Corrupt
from orbital.domain.foreign_facts import ForeignIntent
from orbital.domain.intent import Intent
from orbital.domain.lifecycle import Anomaly, Leg, Status
from orbital.domain.types import Account, Address, Amount, ChainId, Hash32, IntentId, Protocol, UnixSeconds
from orbital.storage import sql
from orbital.storage.pool import Connection, Row

_QUERIES: Final = sql.load("intents")


class Finality(StrEnum):
    LATEST = "latest"
    SAFE = "safe"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class LegView:
    chain_id: ChainId
    tx_hash: Hash32
    block_number: int
    log_index: int
    timestamp: UnixSeconds
    finality: Finality


@dataclass(frozen=True, slots=True)
class IntentView:
    """One of our intents, with everything public about it. `stalled_chains`: its chains that aren't followed now."""

    intent_id: IntentId
    intent: Intent
    status: Status
    submitted: bool
    solver: Address | None
    output_amount: Amount | None
    round: int
    open_by: UnixSeconds | None
    fill_by: UnixSeconds | None
    refund_due: bool
    refundable_at: UnixSeconds | None
    legs: Mapping[Leg, LegView]
    anomaly: Anomaly | None
    auctionable: bool
    lapsed_solvers: frozenset[Address]
    created_at: UnixSeconds
    updated_at: UnixSeconds
    stalled_chains: tuple[ChainId, ...]

    @property
    def is_opened(self) -> bool:
        return Leg.OPEN in self.legs


@dataclass(frozen=True, slots=True)
class ForeignView:
    """An intent of a protocol that is watched: nothing of ours, as nonce, auction or award, is there."""

    intent_id: IntentId
    intent: ForeignIntent
    status: Status
    solver: Account | None
    output_amount: Amount | None
    refund_due: bool
    legs: Mapping[Leg, LegView]
    created_at: UnixSeconds
    updated_at: UnixSeconds
    stalled_chains: tuple[ChainId, ...]


AnyView = IntentView | ForeignView


@dataclass(frozen=True, slots=True)
class Load:
    """A user's live intents: how many, and the sum of those inputs that are in one token on one chain."""

    live: int
    inputs: Amount


@dataclass(frozen=True, slots=True)
class Standing:
    """What intake compares an intent with, of one moment.

    `nonce_holder` was submitted with its nonce. `is_nonce_taken`: an indexed, canonical event of the origin used the
    nonce up. `is_opened_above`: the user is known to have opened in a block of the origin above the one asked for.
    `head_time`: that chain's own time as its indexer saw it last, 0 before. `now`: the database's time.
    """

    nonce_holder: IntentId | None
    is_nonce_taken: bool
    is_opened_above: bool
    load: Load
    head_time: UnixSeconds
    now: UnixSeconds


@dataclass(frozen=True, slots=True)
class Filter:
    status: Status | None = None
    origin_chain_id: ChainId | None = None
    destination_chain_id: ChainId | None = None


async def find(connection: Connection, intent_id: IntentId) -> IntentView | None:
    """One of our intents."""
    view = await find_any(connection, intent_id)
    return view if isinstance(view, IntentView) else None


async def find_any(connection: Connection, intent_id: IntentId) -> AnyView | None:
    """An intent of whatever protocol."""
    row = await find_row(connection, intent_id)
    return None if row is None else _any_view_of(row)


async def find_row(connection: Connection, intent_id: IntentId) -> Row | None:
    """The same as it is stored, for who only shows it: making a view costs more than a third of the lookup."""
    return await connection.fetchrow(_QUERIES["find_intent"], intent_id)


async def get_row(connection: Connection, intent_id: IntentId) -> Row:
    """The row of an intent that was recorded; Corrupt if it is not there."""
    row = await find_row(connection, intent_id)
    if row is None:
        raise Corrupt("intent_lost", "An intent that was recorded is not there.")
    return row


async def list_by_user(
    connection: Connection,
    user: Address,
    after: tuple[UnixSeconds, IntentId] | None,
    limit: int,
    only: Filter,
) -> list[Row]:
    """A user's intents of all protocols, newest first, after the row with this (created_at, intent_id)."""
    created_at, intent_id = after or (None, None)
    return await connection.fetch(
        _QUERIES["list_by_user"],
        user,
        created_at,
        intent_id,
        only.status,
        only.origin_chain_id,
        only.destination_chain_id,
        limit,
    )


async def find_standing(connection: Connection, intent: Intent, height: int | None = None) -> Standing:
    """Of the intent's user, on its origin, with its nonce and input token; opens are looked for above `height`."""
    row: Any = await connection.fetchrow(
        _QUERIES["find_standing"], intent.user, intent.origin_chain_id, str(intent.nonce), intent.input_token, height
    )
    load = Load(row["live"], Amount(row["inputs"]))
    taken, above = row["is_nonce_taken"], row["is_opened_above"]
    return Standing(row["nonce_holder"], taken, above, load, row["head_time"], row["now"])


async def sum_live(connection: Connection, user: Address, token: Address, chain_id: ChainId) -> Load:
    row = await connection.fetchrow(_QUERIES["sum_live"], user, token, chain_id)
    return Load(0, Amount(0)) if row is None else Load(row["live"], Amount(row["inputs"]))


async def count_by_status(connection: Connection, user: Address) -> dict[Status, int]:
    """How many intents of a user are in each status; a status without any is missing."""
    rows = await connection.fetch(_QUERIES["count_by_status"], user)
    return {Status(row["status"]): row["intents"] for row in rows}


async def put_submission(connection: Connection, intent_id: IntentId, signature: bytes) -> None:
    """Keep the user's signature for the winner; the first one stays."""
    await connection.execute(_QUERIES["put_submission"], intent_id, signature)


async def find_signature(connection: Connection, intent_id: IntentId) -> bytes | None:
    found: bytes | None = await connection.fetchval(_QUERIES["find_signature"], intent_id)
    return found


def _any_view_of(row: Row) -> AnyView:
    return _view_of(row) if row["protocol"] == Protocol.ORBITAL else _foreign_view_of(row)


def _foreign_view_of(row: Row) -> ForeignView:
    return ForeignView(
        intent_id=row["intent_id"],
        intent=ForeignIntent(
            protocol=Protocol(row["protocol"]),
            reference=row["reference"],
            user=row["user_address"],
            recipient=row["recipient"],
            origin_chain_id=row["origin_chain_id"],
            destination_chain_id=row["destination_chain_id"],
            input_token=row["input_token"],
            input_amount=row["input_amount"],
            output_token=row["output_token"],
            min_output_amount=row["min_output_amount"],
            fill_deadline=row["fill_deadline"],
        ),
        status=Status(row["status"]),
        solver=row["solver"],
        output_amount=row["output_amount"],
        refund_due=row["refund_due"],
        legs={Leg(name): _leg_of(leg, row) for name, leg in row["legs"].items()},
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        stalled_chains=_stalled_chains_of(row),
    )


def _view_of(row: Row) -> IntentView:
    return IntentView(
        intent_id=row["intent_id"],
        intent=intent_of(row),
        status=Status(row["status"]),
        submitted=row["submitted"],
        solver=row["solver"],
        output_amount=row["output_amount"],
        round=row["round"],
        open_by=row["open_by"],
        fill_by=row["fill_by"],
        refund_due=row["refund_due"],
        refundable_at=row["refundable_at"],
        legs={Leg(name): _leg_of(leg, row) for name, leg in row["legs"].items()},
        anomaly=None if row["anomaly"] is None else Anomaly(row["anomaly"]),
        auctionable=row["auctionable"],
        lapsed_solvers=frozenset(row["lapsed_solvers"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        stalled_chains=_stalled_chains_of(row),
    )


def _stalled_chains_of(row: Row) -> tuple[ChainId, ...]:
    return tuple(
        ChainId(row[f"{side}_chain_id"])
        for side in ("origin", "destination")
        if row[f"{side}_status"] not in {"ok", None}
    )


def intent_of(row: Row) -> Intent:
    """The signed fields from a row of `intents`."""
    return Intent(
        user=row["user_address"],
        recipient=row["recipient"],
        origin_chain_id=row["origin_chain_id"],
        destination_chain_id=row["destination_chain_id"],
        input_token=row["input_token"],
        input_amount=row["input_amount"],
        output_token=row["output_token"],
        min_output_amount=row["min_output_amount"],
        nonce=row["nonce"],
        open_deadline=row["open_deadline"],
        fill_deadline=row["fill_deadline"],
        auctioneer=row["auctioneer"],
    )


def finality_of(leg: Mapping[str, Any], row: Row) -> Finality:
    """How final a leg's block is, from its chain's heads now, which are in the intent's row."""
    side = "origin" if leg["chain_id"] == row["origin_chain_id"] else "destination"
    number, safe, finalized = leg["block_number"], row[f"{side}_safe"], row[f"{side}_finalized"]
    if finalized is not None and number <= finalized:
        return Finality.FINALIZED
    return Finality.SAFE if safe is not None and number <= safe else Finality.LATEST


def _leg_of(leg: Mapping[str, Any], row: Row) -> LegView:
    return LegView(
        chain_id=ChainId(leg["chain_id"]),
        tx_hash=Hash32(bytes.fromhex(leg["tx_hash"][2:])),
        block_number=leg["block_number"],
        log_index=leg["log_index"],
        timestamp=UnixSeconds(leg["timestamp"]),
        finality=finality_of(leg, row),
    )
