"""A POST with an `Idempotency-Key` is carried out once; whoever repeats it is given the answer of the first time.

Kept per caller for 24 hours are status, body, its type and `Location`. Not kept are answers that say nothing of the
request: 5xx, and 401 of somebody who was not known. What was in flight when its process died may be tried again after a
minute; every operation can bear that, since what it writes is known by its content. Operations under `/auth/` hand out
secrets, which are stored nowhere: for them the key has no effect.
"""

import asyncio
import hashlib
import re
import time
from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orbital.api import body, callers, deps, docs, errors
from orbital.api.deps import Services
from orbital.domain.errors import OrbitalError, Rejected, Unauthenticated, Unavailable
from orbital.observe import logging
from orbital.storage import idempotency, pool

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotent-Replayed"
PREFIX: Final = "/api/v1/"
WITHOUT: Final = "/api/v1/auth/"
DROP_EVERY_SECONDS: Final = 60.0
GIVE_BACK_SECONDS: Final = 0.2

_NAME: Final = HEADER.lower().encode()
_KEY: Final = re.compile(rb"[\x21-\x7e]{1,255}")
_UNAUTHENTICATED: Final = 401
_SERVER_ERROR: Final = 500
_PARAMETER: Final[Mapping[str, Any]] = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Repeated with the same key and body within 24 hours, the first answer comes back.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "example": "0b8f5f0e-6f3c-4d6a-9a55-2f1f6f3c7a10",
}
_log = logging.get_logger("api")


class Idempotency:
    """Middleware for POST; everything else passes."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._drop_at = time.monotonic() + DROP_EVERY_SECONDS
        self._releasing: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        keys = [value for name, value in scope["headers"] if name == _NAME]
        if not keys:
            await self._app(scope, receive, send)
            return
        try:
            await self._answer(keys, scope, receive, send)
        except OrbitalError as failure:
            await errors.respond(failure, scope["state"]["request_id"])(scope, receive, send)

    async def _answer(self, keys: list[bytes], scope: Scope, receive: Receive, send: Send) -> None:
        if len(keys) != 1 or _KEY.fullmatch(keys[0]) is None:
            raise Rejected("invalid_request", f"`{HEADER}` is one text of 1 to 255 visible ASCII characters.")
        if scope["path"].startswith(WITHOUT):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        services = deps.get_services(request)
        content = await body.read_bytes(request)
        caller = await _caller(services, request)
        async with pool.acquire(services.pool) as connection:
            begun = await idempotency.begin(connection, caller, keys[0].decode(), _fingerprint(scope, content))
        if isinstance(begun, idempotency.Answer):
            await _replay(begun)(scope, receive, send)
            return
        kept = _Kept()
        try:
            await self._app(scope, _once(content, receive), kept.take)
        except Exception:
            await self._give_back(services, begun)
            raise
        if kept.answer is None:
            await self._give_back(services, begun)
        else:
            await _settle(services, begun, kept.answer)
            await self._drop_old(services)
        for message in kept.messages:
            await send(message)

    async def _give_back(self, services: Services, attempt: idempotency.Attempt) -> None:
        """Free the key. While the database is away that goes on behind the answer, which must not wait twice for it."""
        releasing = asyncio.create_task(_settle(services, attempt, None))
        self._releasing.add(releasing)
        releasing.add_done_callback(self._releasing.discard)
        await asyncio.wait({releasing}, timeout=GIVE_BACK_SECONDS)

    async def _drop_old(self, services: Services) -> None:
        if time.monotonic() < self._drop_at:
            return
        self._drop_at = time.monotonic() + DROP_EVERY_SECONDS
        try:
            async with pool.acquire(services.pool) as connection:
                await idempotency.drop_old(connection)
        except Unavailable as failure:
            _log.warning("old keys were not dropped", detail=failure.detail)


def describe(paths: Mapping[str, Any]) -> None:
    """Write the header, and what it can be answered, into each operation of the contract that takes it."""
    for path, operations in paths.items():
        operation = operations.get("post")
        if operation is None or not path.startswith(PREFIX) or path.startswith(WITHOUT):
            continue
        given = operation.setdefault("parameters", [])
        if all(one["name"] != HEADER for one in given):
            given.append(_PARAMETER)
        for status in (409, 422):
            operation["responses"].setdefault(str(status), docs.problem(status))


class _Kept:
    """An answer that is held back until it is stored."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def answer(self) -> idempotency.Answer | None:
        """What is worth keeping; None for an answer that says nothing of the request."""
        start, *rest = self.messages
        if start["status"] >= _SERVER_ERROR or start["status"] == _UNAUTHENTICATED:
            return None
        headers = {name.lower(): value.decode("latin-1") for name, value in start["headers"]}
        content = b"".join(one.get("body", b"") for one in rest)
        return idempotency.Answer(start["status"], content, headers.get(b"content-type"), headers.get(b"location"))


async def _settle(services: Services, attempt: idempotency.Attempt, answer: idempotency.Answer | None) -> None:
    """Store the answer or give the key back. If the database is away now, the key is free again after a minute."""
    try:
        async with pool.acquire(services.pool) as connection:
            if answer is None:
                await idempotency.release(connection, attempt)
            else:
                await idempotency.finish(connection, attempt, answer)
    except Unavailable as failure:
        _log.warning("an answer was not stored", detail=failure.detail)


async def _caller(services: Services, request: Request) -> str:
    """Whose key it is. A session that ended is nobody's: what it was answered once is not shown again."""
    try:
        identity = await deps.get_identity(request)
    except Unauthenticated:
        return callers.by_place(services.settings, request.scope)
    return callers.by_address(identity.address)


def _fingerprint(scope: Scope, content: bytes) -> bytes:
    target = scope.get("raw_path") or scope["path"].encode()
    return hashlib.sha256(b"\0".join((target, scope["query_string"], content))).digest()


def _once(content: bytes, receive: Receive) -> Receive:
    """The body that was read already, then what the connection says."""
    waiting = [content]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


def _replay(answer: idempotency.Answer) -> Response:
    headers = {REPLAYED: "true"}
    if answer.location is not None:
        headers["Location"] = answer.location
    return Response(answer.body, answer.status, headers, answer.media_type)
