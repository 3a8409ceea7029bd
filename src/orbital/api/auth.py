"""Login: a challenge that only the account's key can answer, used once, against a short-lived token.

The message (EIP-4361) is made and kept here; what comes back must be that text byte for byte, and its nonce is used up
in the transaction that hands out the tokens, so of any number of logins with one challenge exactly one succeeds. A
wrong signature uses nothing up: nobody can burn another's challenge.
"""

import datetime as dt
import hashlib
import secrets
import urllib.parse
import uuid
from typing import Any, Final

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, docs, signatures, tokens
from orbital.api.deps import Given, NoQuery, Services, is_bonded
from orbital.api.errors import of_fields
from orbital.api.schemas import auth as schemas
from orbital.api.schemas import values
from orbital.chain import hexes, keys
from orbital.domain import siwe
from orbital.domain.errors import FieldError, Rejected, Unauthenticated
from orbital.domain.types import Address, ChainId
from orbital.storage import logins, pool

CHALLENGE_SECONDS: Final = 5 * 60
REFRESH_SECONDS: Final = 30 * 24 * 3600
NONCE_BYTES: Final = 16
REFRESH_BYTES: Final = 32
STATEMENT: Final = "Sign in to Orbital. This costs nothing and moves nothing."

router = fastapi.APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post(
    "/challenge",
    summary="Ask for a message to sign",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownChallenge, 200, 400, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.ChallengeRequest, docs.CHALLENGE),
)
async def challenge(request: Request, services: Given) -> Response:
    """An EIP-4361 message for `personal_sign`, good for five minutes and one login."""
    asked = await body.read(request, schemas.ChallengeRequest)
    chain_id = ChainId(asked.chain_id)
    if chain_id not in services.network.chains:
        raise of_fields((FieldError("/chain_id", "unsupported_chain", "This chain is not served."),))
    made = make_challenge(services, Address(asked.address), chain_id)
    async with pool.acquire(services.pool) as connection:
        await logins.put_challenge(connection, made)
    shown = {"message": made.message, "nonce": made.nonce, "expires_at": values.show_time(made.expires_at)}
    return answers.json(shown)


@router.post(
    "/login",
    summary="Log in with a signed challenge",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownLogin, 200, 400, 401, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.LoginRequest, docs.LOGIN),
)
async def login(request: Request, services: Given) -> Response:
    """Plain accounts sign by EIP-191; contract accounts are asked by ERC-1271 on the challenge's chain."""
    given = await body.read(request, schemas.LoginRequest)
    known = await _find_challenge(services, given.message)
    digest = keys.personal_digest(given.message.encode())
    try:
        await signatures.verify(services.get_rpc(known.chain_id), known.address, digest, given.signature)
    except Rejected as failure:
        raise Unauthenticated("invalid_signature", failure.detail) from failure
    return answers.json(await _log_in(services, known))


def make_challenge(services: Services, address: Address, chain_id: ChainId) -> logins.Challenge:
    """A new challenge with 128 random bits, from the host's clock."""
    issued_at = dt.datetime.fromtimestamp(services.now, dt.UTC)
    expires_at = issued_at + dt.timedelta(seconds=CHALLENGE_SECONDS)
    nonce = secrets.token_hex(NONCE_BYTES)
    message = siwe.Message(
        domain=urllib.parse.urlsplit(services.settings.public_url).netloc,
        address=hexes.to_checksum(address),
        statement=STATEMENT,
        uri=services.settings.public_url,
        chain_id=chain_id,
        nonce=nonce,
        issued_at=_rfc3339(issued_at),
        expiration_time=_rfc3339(expires_at),
    )
    return logins.Challenge(nonce, address, chain_id, siwe.build_message(message), expires_at)


async def _find_challenge(services: Services, message: str) -> logins.Challenge:
    nonce = siwe.find_nonce(message)
    if nonce is None:
        raise _invalid_message()
    async with pool.acquire(services.pool) as connection:
        known = await logins.find_challenge(connection, nonce)
    if known is None or known.message != message:
        raise _invalid_message()
    return known


async def _log_in(services: Services, known: logins.Challenge) -> dict[str, Any]:
    """Use the challenge up and hand out a token pair; Unauthenticated for all but one of many callers."""
    refresh = secrets.token_urlsafe(REFRESH_BYTES)
    expires_at = dt.datetime.fromtimestamp(services.now + REFRESH_SECONDS, dt.UTC)
    async with pool.transaction(services.pool) as connection:
        if not await logins.use_challenge(connection, known.nonce):
            raise _invalid_message()
        hashed = hashlib.sha256(refresh.encode()).digest()
        await logins.put_refresh_token(connection, hashed, uuid.uuid4(), known.address, expires_at)
        roles = ["user", "solver"] if await is_bonded(connection, services, known.address) else ["user"]
    return {
        "access_token": tokens.issue(services.settings, known.address, services.now),
        "token_type": "Bearer",
        "expires_in": tokens.ACCESS_SECONDS,
        "refresh_token": refresh,
        "address": hexes.to_checksum(known.address),
        "roles": roles,
    }


def _rfc3339(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _invalid_message() -> Unauthenticated:
    return Unauthenticated("invalid_message", "This is no message that waits for its signature; ask for a new one.")
