"""Login on the wire."""

from typing import Annotated

import pydantic

from orbital.api.schemas import values as v

MESSAGE_CHARS_MAX = 4096


class ChallengeRequest(v.Strict):
    """Body of POST /api/v1/auth/challenge."""

    address: v.AddressIn
    chain_id: v.ChainIdIn


class LoginRequest(v.Strict):
    """Body of POST /api/v1/auth/login."""

    message: Annotated[str, pydantic.Field(max_length=MESSAGE_CHARS_MAX)]
    signature: v.SignatureIn


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
