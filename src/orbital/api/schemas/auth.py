"""Login on the wire."""

from typing import Annotated

import pydantic

from orbital.api.schemas import values as v
from orbital.domain.lifecycle import Status

MESSAGE_CHARS_MAX = 4096
REFRESH_CHARS_MAX = 128


class ChallengeRequest(v.Strict):
    """Body of POST /api/v1/auth/challenge."""

    address: v.AddressIn
    chain_id: v.ChainIdIn


class LoginRequest(v.Strict):
    """Body of POST /api/v1/auth/login."""

    message: Annotated[str, pydantic.Field(max_length=MESSAGE_CHARS_MAX)]
    signature: v.SignatureIn


class RefreshRequest(v.Strict):
    """Body of POST /api/v1/auth/refresh."""

    refresh_token: Annotated[str, pydantic.Field(max_length=REFRESH_CHARS_MAX)]


class ShownChallenge(v.Shown):
    message: str
    nonce: str
    expires_at: v.Time


class ShownLogin(v.Shown):
    """Login pair."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    address: v.Checksummed
    roles: list[str]


class ShownStatistics(v.Shown):
    """The caller's intents: all of them, and how many are in each status."""

    intents: v.Integer
    intents_by_status: dict[Status, v.Integer]


class ShownProfile(v.Shown):
    """Who is logged in, and what that address may do now."""

    address: v.Checksummed
    roles: list[str]
    statistics: ShownStatistics
