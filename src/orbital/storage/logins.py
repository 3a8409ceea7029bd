"""Login challenges, each used at most once, and the sessions that logins open.

A session is an address, a chain of refresh tokens (stored as hashes, each used at most once) and every access token
that names it. A refresh token that comes a second time ends its session: one of the two who had it is a thief.
Times are the database's, so that all processes agree.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from orbital.domain.types import Address, ChainId
from orbital.storage import sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("logins")
_SWEPT_ROWS: Final = 10


class EndReason(StrEnum):
    LOGOUT = "logout"
    REUSE = "reuse"


@dataclass(frozen=True, slots=True)
class Challenge:
    """`message` is the exact text that the wallet must sign."""

    nonce: str
    address: Address
    chain_id: ChainId
    message: str
    expires_at: dt.datetime


async def put_challenge(connection: Connection, challenge: Challenge) -> None:
    await connection.execute(
        _QUERIES["put_challenge"],
        challenge.nonce,
        challenge.address,
        challenge.chain_id,
        challenge.message,
        challenge.expires_at,
    )


async def find_challenge(connection: Connection, nonce: str) -> Challenge | None:
    """A challenge that can still be used."""
    row = await connection.fetchrow(_QUERIES["find_challenge"], nonce)
    if row is None:
        return None
    return Challenge(row["nonce"], row["address"], row["chain_id"], row["message"], row["expires_at"])


async def use_challenge(connection: Connection, nonce: str) -> bool:
    """Use it up; True for exactly one caller."""
    return await connection.fetchval(_QUERIES["use_challenge"], nonce) is not None


async def open_session(
    connection: Connection, session_id: uuid.UUID, address: Address, token_hash: bytes, lifetime_seconds: int
) -> None:
    """A new session with its first refresh token, good for `lifetime_seconds`."""
    await connection.execute(_QUERIES["open_session"], session_id, address, float(lifetime_seconds))
    await connection.execute(_QUERIES["put_refresh"], token_hash, session_id)


async def rotate(
    connection: Connection, old_hash: bytes, new_hash: bytes, lifetime_seconds: int
) -> tuple[Address, uuid.UUID] | None:
    """Use the old token up for the new one; whose session it is and which, or None when the old one is no good.

    A used token ends its session. The caller must commit in both cases.
    """
    row = await connection.fetchrow(_QUERIES["lock_refresh"], old_hash)
    if row is None:
        return None
    session_id = row["session_id"]
    if row["is_used"]:
        await end_session(connection, session_id, EndReason.REUSE)
        return None
    if row["is_over"]:
        return None
    await connection.execute(_QUERIES["use_refresh"], old_hash)
    await connection.execute(_QUERIES["put_refresh"], new_hash, session_id)
    await connection.execute(_QUERIES["extend_session"], session_id, float(lifetime_seconds))
    return row["address"], session_id


async def end_session(connection: Connection, session_id: uuid.UUID, reason: EndReason) -> None:
    """Its tokens are good for nothing from the commit on; the first reason stays."""
    await connection.execute(_QUERIES["end_session"], session_id, reason)


async def is_live(connection: Connection, session_id: uuid.UUID, address: Address) -> bool:
    """Whether this address has this session and nobody ended it."""
    return bool(await connection.fetchval(_QUERIES["is_live"], session_id, address))


async def list_live(connection: Connection, sessions: Collection[tuple[uuid.UUID, Address]]) -> set[uuid.UUID]:
    """Those of these sessions, each with whose it is, that nobody ended."""
    wanted = [one for one, _ in sessions], [address for _, address in sessions]
    return {row["session_id"] for row in await connection.fetch(_QUERIES["list_live"], *wanted)}


async def sweep(connection: Connection, lifetime_seconds: int) -> None:
    """Delete some of what is too old to matter; called often, it keeps the tables small."""
    await connection.execute(_QUERIES["sweep_challenges"], _SWEPT_ROWS)
    await connection.execute(_QUERIES["sweep_sessions"], _SWEPT_ROWS)
    await connection.execute(_QUERIES["sweep_refresh"], _SWEPT_ROWS, float(lifetime_seconds))
