"""Login: a challenge that only the account's key can answer, used once, against a short-lived token.

The message (EIP-4361) is made and kept here; what comes back must be that text byte for byte, and its nonce is used up
in the transaction that hands out the tokens, so of any number of logins with one challenge exactly one succeeds. A
wrong signature uses nothing up: nobody can burn another's challenge.
"""

import asyncio
import datetime as dt
import hashlib
import secrets
import urllib.parse
import uuid
from typing import Any, Final

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, docs, examples, signatures, tokens
from orbital.api.deps import Caller, Given, Identified, NoQuery, Public, Services, list_roles
from orbital.api.errors import of_fields
from orbital.api.schemas import auth as schemas
from orbital.api.schemas import values
from orbital.chain import counterfactual, hexes, keys
from orbital.domain import siwe
from orbital.domain.errors import Corrupt, FieldError, Rejected, Unauthenticated, Unavailable
from orbital.domain.lifecycle import Status
from orbital.domain.types import Address, ChainId, Hash32
from orbital.storage import intents, logins, pool

CHALLENGE_SECONDS: Final = 5 * 60
REFRESH_SECONDS: Final = 30 * 24 * 3600
NODE_SECONDS: Final = 3.0
NONCE_BYTES: Final = 16
REFRESH_BYTES: Final = 32
STATEMENT: Final = "Sign in to Orbital. This costs nothing and moves nothing."

router = fastapi.APIRouter(prefix="/api/v1/auth", tags=["auth"])


@router.post(
    "/challenge",
    summary="Ask for a message to sign",
    operation_id="request_challenge",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownChallenge, 200, 400, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.ChallengeRequest, examples.CHALLENGE),
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
        await logins.sweep(connection, REFRESH_SECONDS)
    shown = {"message": made.message, "nonce": made.nonce, "expires_at": values.show_time(made.expires_at)}
    return answers.json(shown)


@router.post(
    "/login",
    summary="Log in with a signed challenge",
    operation_id="log_in",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownLogin, 200, 400, 401, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.LoginRequest, examples.LOGIN),
)
async def login(request: Request, services: Given) -> Response:
    """Plain accounts sign by EIP-191; contract accounts are asked by ERC-1271 on the challenge's chain, also those that
    are not deployed yet and wrap their signature by ERC-6492.
    """
    given = await body.read(request, schemas.LoginRequest)
    known = await _find_challenge(services, given.message)
    digest = keys.personal_digest(given.message.encode())
    await _verify(services, known, digest, given.signature)
    return answers.json(await _log_in(services, known))


@router.post(
    "/refresh",
    summary="A new token pair for a refresh token",
    operation_id="refresh_login",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownLogin, 200, 400, 401, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.RefreshRequest, examples.REFRESH),
)
async def refresh(request: Request, services: Given) -> Response:
    """Each refresh token is good once, for 30 days; one that comes a second time ends the session."""
    given = await body.read(request, schemas.RefreshRequest)
    token = secrets.token_urlsafe(REFRESH_BYTES)
    async with pool.transaction(services.pool) as connection:
        found = await logins.rotate(connection, _hash(given.refresh_token), _hash(token), REFRESH_SECONDS)
        pair = None if found is None else await _show_pair(connection, services, tokens.Identity(*found), token)
    if pair is None:  # after the commit: what the token's coming again did must stay
        raise Unauthenticated("unauthenticated", "The refresh token is not valid or not valid any more; log in again.")
    return answers.json(pair)


@router.post(
    "/logout",
    summary="End this session",
    operation_id="log_out",
    status_code=204,
    dependencies=[NoQuery],
    responses=docs.answers(None, 204, 401, 413, 422, 503),
)
async def logout(request: Request, services: Given, identity: Identified) -> Response:
    """Its access and refresh tokens are refused from now on, everywhere. Other sessions of the address go on."""
    await body.read_nothing(request)
    async with pool.acquire(services.pool) as connection:
        await logins.end_session(connection, identity.session_id, logins.EndReason.LOGOUT)
    return Response(status_code=204)


@router.get(
    "/profile",
    summary="Who is logged in",
    operation_id="read_profile",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownProfile, 200, 401, 422, 503),
)
async def read_profile(services: Given, caller: Caller) -> Response:
    """Roles as they are now, and the counts of the caller's intents."""
    async with pool.acquire(services.pool) as connection:
        roles = await list_roles(connection, services, caller)
        counts = await intents.count_by_status(connection, caller)
    statistics = {
        "intents": sum(counts.values()),
        "intents_by_status": {status.value: counts.get(status, 0) for status in Status},
    }
    return answers.json({"address": hexes.to_checksum(caller), "roles": roles, "statistics": statistics})


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


async def _verify(services: Services, known: logins.Challenge, digest: Hash32, signature: bytes) -> None:
    """Whether the address signed, by its own key or by its code; Unauthenticated if not."""
    rpc = services.get_rpc(known.chain_id)
    try:
        async with asyncio.timeout(NODE_SECONDS):
            if counterfactual.is_wrapped(signature):
                await counterfactual.verify_signature(rpc, known.address, digest, signature)
            else:
                await signatures.verify(rpc, known.address, digest, signature)
    except Rejected as failure:
        raise Unauthenticated("invalid_signature", failure.detail) from failure
    except (TimeoutError, Corrupt) as failure:  # in time, or as the chain that was expected
        raise Unavailable("chain_unavailable", "The account's chain does not answer.") from failure


async def _log_in(services: Services, known: logins.Challenge) -> dict[str, Any]:
    """Use the challenge up and open a session; Unauthenticated for all but one of many callers."""
    token = secrets.token_urlsafe(REFRESH_BYTES)
    identity = tokens.Identity(known.address, uuid.uuid4())
    async with pool.transaction(services.pool) as connection:
        if not await logins.use_challenge(connection, known.nonce):
            raise _invalid_message()
        await logins.open_session(connection, identity.session_id, known.address, _hash(token), REFRESH_SECONDS)
        return await _show_pair(connection, services, identity, token)


async def _show_pair(
    connection: pool.Connection, services: Services, identity: tokens.Identity, refresh_token: str
) -> dict[str, Any]:
    return {
        "access_token": tokens.issue(services.settings, identity, services.now),
        "token_type": "Bearer",
        "expires_in": tokens.ACCESS_SECONDS,
        "refresh_token": refresh_token,
        "address": hexes.to_checksum(identity.address),
        "roles": await list_roles(connection, services, identity.address),
    }


def _hash(token: str) -> bytes:
    """What is kept of a refresh token: 256 random bits need no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def _rfc3339(time: dt.datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _invalid_message() -> Unauthenticated:
    return Unauthenticated("invalid_message", "This is no message that waits for its signature; ask for a new one.")
