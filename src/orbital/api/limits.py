"""How often one may call: per address with a valid token, per place otherwise; logging in more seldom.

Health and figures are never limited. Every other answer says what is left (draft-ietf-httpapi-ratelimit-headers), and a
refusal when to come again. Who is a solver is remembered for a few seconds, so that a request costs one question to
Redis and none to PostgreSQL. With limits off nothing of this runs.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from orbital.api import callers, deps, docs, errors
from orbital.api.deps import Services
from orbital.api.settings import ApiSettings
from orbital.domain import gcra
from orbital.domain.errors import Unavailable
from orbital.domain.types import Address
from orbital.storage import pool

LOGIN_SHARE: Final = 10
SOLVER_MEMORY_SECONDS: Final = 10.0
SOLVERS_MAX: Final = 10_000
LOGINS: Final = frozenset({"/api/v1/auth/challenge", "/api/v1/auth/login", "/api/v1/auth/refresh"})
EXEMPT: Final = frozenset({"/health", "/metrics"})


class Counter(Protocol):
    """What counts: shared between processes, or not."""

    async def take(self, key: str, limit: gcra.Limit) -> gcra.Verdict:
        """Judge one request of the caller `key`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`quota` requests in `seconds`, by the name that the headers give it."""

    name: str
    quota: int
    seconds: int
    limit: gcra.Limit

    @property
    def header(self) -> str:
        return f'"{self.name}";q={self.quota};w={self.seconds}'


class Limits:
    """Middleware that refuses what is too much."""

    def __init__(self, app: ASGIApp, settings: ApiSettings, counter: Counter) -> None:
        burst, minute = settings.rate_limit_burst, gcra.SECONDS_A_MINUTE
        self._app = app
        self._counter = counter
        self._default = _policy("default", settings.rate_limit_rpm, minute, burst)
        self._solver = _policy("solver", settings.rate_limit_rpm_solver, minute, burst)
        self._login = _login_policy(settings.rate_limit_rpm, burst)
        self._solvers: dict[Address, tuple[bool, float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_exempt(scope["path"]):
            await self._app(scope, receive, send)
            return
        policy, caller = await self._judge_by(scope)
        verdict = await self._counter.take(f"{policy.name}:{caller}", policy.limit)
        left, reset = gcra.remaining(policy.limit, verdict), gcra.reset_seconds(verdict)
        said = {"RateLimit-Policy": policy.header, "RateLimit": f'"{policy.name}";r={left};t={reset}'}
        if not verdict.is_allowed:
            wait = gcra.retry_seconds(policy.limit, verdict)
            detail = f"Too many requests: try again in {wait} s."
            headers = said | {"Retry-After": str(wait)}
            answer = errors.problem(429, "rate_limited", detail, scope["state"]["request_id"], headers=headers)
            await answer(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(raw=message["headers"]).update(said)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    async def _judge_by(self, scope: Scope) -> tuple[Policy, str]:
        services = deps.get_services(Request(scope))
        if scope["path"] in LOGINS:
            return self._login, callers.by_place(services.settings, scope)
        address = callers.find_address(services.settings, scope, services.now)
        if address is None:
            return self._default, callers.by_place(services.settings, scope)
        policy = self._solver if await self._is_solver(services, address) else self._default
        return policy, callers.by_address(address)

    async def _is_solver(self, services: Services, address: Address) -> bool:
        known = self._solvers.get(address)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        try:
            async with pool.acquire(services.pool) as connection:
                is_solver = await deps.is_solver(connection, services, address)
        except Unavailable:
            return known is not None and known[0]  # the operation itself will say what is away
        if len(self._solvers) >= SOLVERS_MAX:
            self._solvers.clear()
        self._solvers[address] = (is_solver, time.monotonic() + SOLVER_MEMORY_SECONDS)
        return is_solver


def describe(paths: Mapping[str, Any]) -> None:
    """Write the refusal into each operation of the contract that can be refused."""
    for path, operations in paths.items():
        if not is_exempt(path):
            for operation in operations.values():
                operation["responses"].setdefault("429", docs.problem(429))


def is_exempt(path: str) -> bool:
    """Whether a path is never limited."""
    return path in EXEMPT or path.startswith("/health/")


def _policy(name: str, quota: int, seconds: int, burst: int) -> Policy:
    return Policy(name, quota, seconds, gcra.limit_of(quota, seconds, burst))


def _login_policy(rpm: int, burst: int) -> Policy:
    """A tenth of the rate, in a span that makes it a whole number."""
    if rpm % LOGIN_SHARE == 0:
        return _policy("login", rpm // LOGIN_SHARE, gcra.SECONDS_A_MINUTE, burst)
    return _policy("login", rpm, gcra.SECONDS_A_MINUTE * LOGIN_SHARE, burst)
