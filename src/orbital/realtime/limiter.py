"""Rate limits that all processes share, by one script in Redis; while Redis is away, each process keeps its own.

Both follow `domain.gcra` to the microsecond. Redis reads its own clock, so that hosts need not agree on theirs. What is
kept in this process is bounded: beyond `KEYS_MAX` callers, the one not seen for longest is forgotten and starts anew.
"""

import collections
import time
from collections.abc import Callable
from typing import Final, Self

from orbital.domain import gcra
from orbital.observe import logging
from orbital.realtime import bus

KEYS_MAX: Final = 10_000
TIMEOUT_SECONDS: Final = 0.25
RETRY_SECONDS: Final = 1.0

_PREFIX: Final = "orbital:limit:"
_SERVER_CLOCK: Final = ""
_SCRIPT: Final = """
-- KEYS[1] the caller; ARGV: interval, burst, now (empty: the server's clock), all in microseconds. See domain/gcra.py.
-- Answers {1 if taken else 0, backlog}. A key outlives its use by a minute, in case the clock steps back.
local interval, depth = tonumber(ARGV[1]), ARGV[1] * ARGV[2]
local now = tonumber(ARGV[3])
if not now then
    local time = redis.call('TIME')
    now = time[1] * 1000000 + time[2]
end
local idle_at = tonumber(redis.call('GET', KEYS[1]) or now)
local owed = math.min(math.max(0, idle_at - now), depth)
local after = owed + interval
if after > depth then
    return {0, owed}
end
redis.call('SET', KEYS[1], string.format('%.0f', now + after), 'PX', math.ceil(after / 1000) + 60000)
return {1, after}
"""


class LocalLimiter:
    """The same limits inside one process. `clock` gives seconds; which ones does not matter as long as they pass."""

    def __init__(self, keys_max: int = KEYS_MAX, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys_max = keys_max
        self._clock = clock
        self._idle_at: collections.OrderedDict[str, int] = collections.OrderedDict()

    def __len__(self) -> int:
        return len(self._idle_at)

    async def take(self, key: str, limit: gcra.Limit) -> gcra.Verdict:
        """Judge one request of the caller `key`."""
        now = int(self._clock() * gcra.MICROSECONDS)
        verdict = gcra.take(limit, self._idle_at.get(key), now)
        self._idle_at[key] = now + verdict.backlog_us
        self._idle_at.move_to_end(key)
        if len(self._idle_at) > self._keys_max:
            self._idle_at.popitem(last=False)
        return verdict


class Limiter:
    """Limits in one Redis; connects when needed. `aclose` ends it.

    After Redis failed, one request a `RETRY_SECONDS` tries it again and the others don't wait for it.
    """

    def __init__(
        self,
        redis_url: str,
        clock: Callable[[], float] = time.monotonic,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._redis = bus.connect(redis_url, timeout_seconds)
        self._script = self._redis.register_script(_SCRIPT)
        self._local = LocalLimiter(clock=clock)
        self._clock = clock
        self._retry_at: float | None = None
        self._log = logging.get_logger("realtime")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exception: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._redis.aclose()

    @property
    def is_shared(self) -> bool:
        """Whether the last attempt reached Redis."""
        return self._retry_at is None

    async def take(self, key: str, limit: gcra.Limit) -> gcra.Verdict:
        """Judge one request of the caller `key`. Never fails for want of Redis."""
        if self._retry_at is not None:
            if self._clock() < self._retry_at:
                return await self._local.take(key, limit)
            self._retry_at = self._clock() + RETRY_SECONDS
        try:
            verdict = await self.take_shared(key, limit)
        except bus.AWAY as error:
            if self._retry_at is None:
                failure = bus.failure_of(error)
                self._log.warning("limits are this process's own", code=failure.code, detail=failure.detail)
            self._retry_at = self._clock() + RETRY_SECONDS
            return await self._local.take(key, limit)
        if self._retry_at is not None:
            self._log.info("limits are shared again")
            self._retry_at = None
        return verdict

    async def take_shared(self, key: str, limit: gcra.Limit, now_us: int | None = None) -> gcra.Verdict:
        """Ask Redis. `now_us` replaces its clock. Raises one of `bus.AWAY`."""
        now = _SERVER_CLOCK if now_us is None else now_us
        is_allowed, backlog = await self._script(keys=[_PREFIX + key], args=[limit.interval_us, limit.burst, now])
        return gcra.Verdict(bool(is_allowed), int(backlog))
