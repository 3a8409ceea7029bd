"""Login challenges, each used at most once, and refresh tokens, stored as hashes."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Final

from orbital.domain.types import Address, ChainId
from orbital.storage import sql
from orbital.storage.pool import Connection

_QUERIES: Final = sql.load("logins")


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


async def put_refresh_token(
    connection: Connection, token_hash: bytes, family: uuid.UUID, address: Address, expires_at: dt.datetime
) -> None:
    await connection.execute(_QUERIES["put_refresh"], token_hash, family, address, expires_at)
