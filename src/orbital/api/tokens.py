"""Access tokens: JWT signed with HS256 and nothing else, short-lived, with every claim required.

Times are compared with the clock that is handed in. A token says who logged in and in which session; whether that
session still runs and what the address may do is asked of the database each time, never of the token.

A secret is replaced without a logout for anybody: the new one signs, the one before it is taken as long as it is
configured. A token names the key it was made with (`kid`), so exactly one key is tried.
"""

import hashlib
import hmac
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from orbital.api.settings import ApiSettings
from orbital.chain import hexes
from orbital.domain.errors import Rejected, Unauthenticated
from orbital.domain.types import Address, UnixSeconds

ALGORITHM: Final = "HS256"
TYPE: Final = "at+jwt"
AUDIENCE: Final = "orbital-api"
ACCESS_SECONDS: Final = 15 * 60
CLAIMS: Final = ("iss", "aud", "sub", "jti", "iat", "nbf", "exp")
KEY_ID_CHARS: Final = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """Who calls, and in which session."""

    address: Address
    session_id: uuid.UUID


def issue(settings: ApiSettings, identity: Identity, now: UnixSeconds) -> str:
    """A token of this session, good for ACCESS_SECONDS."""
    claims = {
        "iss": settings.public_url,
        "aud": AUDIENCE,
        "sub": hexes.to_checksum(identity.address),
        "jti": str(identity.session_id),
        "iat": now,
        "nbf": now,
        "exp": now + ACCESS_SECONDS,
    }
    headers = {"typ": TYPE, "kid": key_id(settings.jwt_secret)}
    return jwt.encode(claims, settings.jwt_secret, ALGORITHM, headers=headers)


def verify(settings: ApiSettings, token: str, now: UnixSeconds) -> Identity:
    """Whom the token speaks for, if its session runs. Raises Unauthenticated."""
    try:
        found = jwt.decode_complete(
            token,
            _key_of(settings, jwt.get_unverified_header(token)),
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.public_url,
            options={"require": list(CLAIMS), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        claims: dict[str, Any] = found["payload"]
        if found["header"].get("typ") != TYPE or not _is_in_time(claims, now):
            raise _refused()
        return Identity(hexes.parse_address(claims["sub"]), uuid.UUID(claims["jti"]))
    except (jwt.PyJWTError, Rejected, ValueError) as failure:
        raise _refused() from failure


def key_id(secret: str) -> str:
    """A name for a secret that tells nothing of it."""
    return hmac.new(secret.encode(), b"orbital key id", hashlib.sha256).hexdigest()[:KEY_ID_CHARS]


def _key_of(settings: ApiSettings, header: Mapping[str, Any]) -> str:
    for secret in (settings.jwt_secret, settings.jwt_secret_previous):
        if secret is not None and header.get("kid") == key_id(secret):
            return secret
    raise _refused()


def _is_in_time(claims: dict[str, Any], now: UnixSeconds) -> bool:
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    return all(type(time) is int for time in times) and claims["nbf"] <= now < claims["exp"]


def _refused() -> Unauthenticated:
    return Unauthenticated("unauthenticated", "The access token is not valid or not valid any more.")
