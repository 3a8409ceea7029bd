"""Calls over HTTP, and the login behind them.

A call that needs a token signs in first. When the token ran out, or the service says that it is no longer good, the
session is refreshed, and if that is refused signed in anew; calls that arrive meanwhile wait for it. A refresh token
is sent once, whatever comes back: a second time would end the session. What only asks is sent again, once, when its
connection ends instead of an answer: a service that stops does that, and one that lets idle connections go just as they
are used. An answer that is none of this service's is Unavailable.
"""

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from orbital.chain import hexes, keys
from orbital.client import wire
from orbital.client.errors import ApiError
from orbital.domain import errors

Answer = TypeVar("Answer")

TIMEOUT_SECONDS: Final = 10.0
RENEW_BEFORE_SECONDS: Final = 30.0
NOT_MODIFIED: Final = 304
UNAUTHENTICATED: Final = 401
UNHEALTHY: Final = 503

_HUNG_UP: Final = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)
_PROBLEM: Final = msgspec.json.Decoder(wire.Problem)


class Connection:
    """One service, and one account signed in to it when calls need that."""

    def __init__(self, url: str, signer: keys.Signer | None, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._http = httpx.AsyncClient(base_url=url.rstrip("/"), timeout=timeout_seconds, trust_env=False)
        self._signer = signer
        self._timeout_seconds = timeout_seconds
        self._token: str | None = None
        self._refresh_token: str | None = None
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def aclose(self) -> None:
        await self._http.aclose()

    @property
    def signer(self) -> keys.Signer:
        """The account's key; Rejected for a client without one."""
        if self._signer is None:
            raise errors.Rejected("no_signer", "This client has no key: it can only do what anybody may.")
        return self._signer

    async def call(
        self,
        kind: type[Answer],
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        signed_in: bool = False,
    ) -> Answer:
        """Send one call and decode its answer as `kind`."""
        response = await self.send(method, path, json=json, query=query, signed_in=signed_in)
        return decode(kind, response)

    async def send(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        signed_in: bool = False,
        wait_seconds: float = 0.0,
        also: frozenset[int] = frozenset(),
    ) -> httpx.Response:
        """Send one call; an answer that says no is an ApiError, unless its status is one of `also`.

        `wait_seconds` is how long the service may hold the answer back.
        """
        content = None if json is None else msgspec.json.encode(json)
        sent = dict(headers or {})
        if content is not None:
            sent["content-type"] = "application/json"
        timeout = self._timeout_seconds + wait_seconds
        if not signed_in:
            return _checked(await self._send(method, path, content, query, sent, timeout), also)
        token = await self._sign_in(stale=None)
        response = await self._send(method, path, content, query, _bearer(sent, token), timeout)
        if response.status_code == UNAUTHENTICATED:
            token = await self._sign_in(stale=token)
            response = await self._send(method, path, content, query, _bearer(sent, token), timeout)
        return _checked(response, also)

    async def login(self) -> wire.Login:
        """Sign in by a challenge (EIP-4361), whatever token there is."""
        chains = await self.call(wire.Protocol, "GET", "/api/v1/protocol")
        asked = {"address": hexes.to_checksum(self.signer.address), "chain_id": chains.registry.chain_id}
        challenge = await self.call(wire.Challenge, "POST", "/api/v1/auth/challenge", json=asked)
        signature = self.signer.sign(keys.personal_digest(challenge.message.encode()))
        answer = {"message": challenge.message, "signature": hexes.to_hex(signature)}
        pair = await self.call(wire.Login, "POST", "/api/v1/auth/login", json=answer)
        self._keep(pair)
        return pair

    async def logout(self) -> None:
        """End the session on the service, if there is one, and forget it."""
        async with self._lock:
            if self._token is None:
                return
            token = self._token if time.monotonic() <= self._good_until else await self._refresh()
            self._token = self._refresh_token = None
            if token is not None:
                sent = _bearer({}, token)
                response = await self._send("POST", "/api/v1/auth/logout", None, None, sent, self._timeout_seconds)
                _checked(response, frozenset({UNAUTHENTICATED}))  # it had ended already

    async def _sign_in(self, stale: str | None) -> str:
        """A token that is good as far as we know and is not `stale`."""
        async with self._lock:
            if self._token is None or self._token == stale or time.monotonic() > self._good_until:
                return await self._refresh() or (await self.login()).access_token
            return self._token

    async def _refresh(self) -> str | None:
        """The session's next token; None when it has no more."""
        token, self._refresh_token = self._refresh_token, None
        if token is None:
            return None
        try:
            pair = await self.call(wire.Login, "POST", "/api/v1/auth/refresh", json={"refresh_token": token})
        except ApiError as refused:
            if refused.status != UNAUTHENTICATED:
                raise
            return None
        self._keep(pair)
        return pair.access_token

    def _keep(self, pair: wire.Login) -> None:
        self._token, self._refresh_token = pair.access_token, pair.refresh_token
        self._good_until = time.monotonic() + pair.expires_in - min(RENEW_BEFORE_SECONDS, pair.expires_in / 2)

    async def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
        timeout_seconds: float,
    ) -> httpx.Response:
        request = self._http.build_request(
            method, path, content=content, params=query, headers=headers, timeout=timeout_seconds
        )
        try:
            try:
                return await self._http.send(request)
            except _HUNG_UP:
                if method != "GET":
                    raise
                return await self._http.send(request)
        except httpx.HTTPError as failure:
            detail = f"{method} {path} had no answer ({type(failure).__name__})."
            raise errors.Unavailable("api_unavailable", detail) from failure


def decode(kind: type[Answer], response: httpx.Response) -> Answer:
    """The body as `kind`; Unavailable for one that is none."""
    try:
        return msgspec.json.decode(response.content, type=kind)
    except msgspec.MsgspecError as failure:
        detail = f"{response.request.url.path} answered something else than expected: {failure}"
        raise errors.Unavailable("api_unavailable", detail) from failure


def _bearer(headers: Mapping[str, str], token: str) -> dict[str, str]:
    return {**headers, "authorization": f"Bearer {token}"}


def _checked(response: httpx.Response, also: frozenset[int]) -> httpx.Response:
    if response.is_success or response.status_code in also:
        return response
    after = response.headers.get("retry-after", "")
    retry_after = int(after) if after.isdecimal() else None
    try:
        problem = _PROBLEM.decode(response.content)
    except msgspec.MsgspecError:
        raise ApiError(
            response.status_code, "http_error", f"HTTP {response.status_code}", retry_after_seconds=retry_after
        ) from None
    fields = tuple(
        errors.FieldError(one.get("pointer", ""), one.get("code", ""), one.get("detail", "")) for one in problem.errors
    )
    raise ApiError(response.status_code, problem.code, problem.detail, fields, problem.request_id, retry_after)
