"""Access tokens: JWT signed with HS256 and nothing else, short-lived, with every claim required.

Times are compared with the clock that is handed in. A token says who logged in; what that address may do is asked of
the database each time, never of the token.
"""

import secrets
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


def issue(settings: ApiSettings, address: Address, now: UnixSeconds) -> str:
    """A token for `address`, good for ACCESS_SECONDS."""
    claims = {
        "iss": settings.public_url,
        "aud": AUDIENCE,
        "sub": hexes.to_checksum(address),
        "jti": secrets.token_hex(16),
        "iat": now,
        "nbf": now,
        "exp": now + ACCESS_SECONDS,
    }
    return jwt.encode(claims, settings.jwt_secret, ALGORITHM, headers={"typ": TYPE})


def verify(settings: ApiSettings, token: str, now: UnixSeconds) -> Address:
    """Whom the token speaks for. Raises Unauthenticated."""
    try:
        found = jwt.decode_complete(
            token,
            settings.jwt_secret,
            algorithms=[ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.public_url,
            options={"require": list(CLAIMS), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
        claims: dict[str, Any] = found["payload"]
        if found["header"].get("typ") != TYPE or not _is_in_time(claims, now):
            raise _refused()
        return hexes.parse_address(claims["sub"])
    except (jwt.PyJWTError, Rejected) as failure:
        raise _refused() from failure


def _is_in_time(claims: dict[str, Any], now: UnixSeconds) -> bool:
    times = [claims[name] for name in ("iat", "nbf", "exp")]
    return all(type(time) is int for time in times) and claims["nbf"] <= now < claims["exp"]


def _refused() -> Unauthenticated:
    return Unauthenticated("unauthenticated", "The access token is not valid or not valid any more.")
