"""Limits in Redis are those of the domain, hold across processes, and go on without Redis."""

import asyncio
import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time
import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orbital.devnet import process, redis
from orbital.devnet import settings as parts
from orbital.domain import gcra
from orbital.realtime import limiter
from orbital.realtime.limiter import Limiter, LocalLimiter

PROGRAM = """
import asyncio, sys
from orbital.domain import gcra
from orbital.realtime.limiter import Limiter

async def run(url, limit, wanted):
    async with Limiter(url, timeout_seconds=10) as shared:
        await shared.take("other", limit)
        print("ready", flush=True)
        sys.stdin.readline()
        count = 0
        while count < wanted:
            count += (await shared.take("one", limit)).is_allowed
        assert shared.is_shared
        print("done", flush=True)

asyncio.run(run(sys.argv[1], gcra.Limit(int(sys.argv[2]), int(sys.argv[3])), int(sys.argv[4])))
"""
NOW = 1_800_000_000_000_000
PROCESSES = 4
EACH = 50  # of what is allowed: together a second more than the burst
PATIENCE_SECONDS = 10.0  # where Redis answers: a busy machine must not look like an outage


@given(
    limits=st.lists(st.builds(gcra.Limit, st.integers(1, 10**8), st.integers(1, 1000)), min_size=1, max_size=3),
    steps=st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 2)), min_size=1, max_size=30),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_script_judges_as_the_domain_does(redis_url, limits, steps):
    async def compare() -> None:
        key, now, idle_at = uuid.uuid4().hex, NOW, None
        async with Limiter(redis_url, timeout_seconds=PATIENCE_SECONDS) as shared:
            for gap, which in steps:
                now += gap
                limit = limits[which % len(limits)]
                expected = gcra.take(limit, idle_at, now)
                assert await shared.take_shared(key, limit, now) == expected
                if expected.is_allowed:
                    idle_at = now + expected.backlog_us

    asyncio.run(compare())


async def test_the_servers_clock_is_used(redis_url):
    limit = gcra.limit_of(1, 3600, 2)
    async with Limiter(redis_url, timeout_seconds=PATIENCE_SECONDS) as shared:
        found = [await shared.take("a", limit) for _ in range(3)]
        assert [one.is_allowed for one in found] == [True, True, False]
        assert found[0].backlog_us == limit.interval_us
        assert 2 * limit.interval_us - 60_000_000 < found[2].backlog_us < 2 * limit.interval_us
        assert (await shared.take("b", limit)).is_allowed


async def test_keys_leave_redis_by_themselves(redis_url):
    async with Limiter(redis_url, timeout_seconds=PATIENCE_SECONDS) as shared:
        await shared.take("a", gcra.limit_of(100, 60, 20))
        [key] = [one async for one in shared._redis.scan_iter("orbital:limit:*")]
        assert 0 < await shared._redis.pttl(key) <= 60_600


def test_processes_together_get_what_the_limit_gives_and_no_more(redis_url):
    limit, rate = gcra.limit_of(6000, 60, 100), 100.0  # what comes back while the machine stands still is kept
    command = [sys.executable, "-c", PROGRAM, redis_url, str(limit.interval_us), str(limit.burst), str(EACH)]
    with contextlib.ExitStack() as stack:
        running = []
        for _ in range(PROCESSES):
            one = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            running.append(stack.enter_context(one))
            stack.callback(one.kill)
        assert [one.stdout.readline() for one in running] == ["ready\n"] * PROCESSES
        begun = time.monotonic()
        for one in running:
            one.stdin.write("go\n")
            one.stdin.flush()
        assert [one.stdout.readline() for one in running] == ["done\n"] * PROCESSES
        elapsed = time.monotonic() - begun
    assert 1.01 * (limit.burst + rate * elapsed) >= PROCESSES * EACH


async def test_without_redis_the_process_limits_by_itself_and_does_not_wait():
    async with Limiter("redis://127.0.0.1:1") as alone:
        found = [await alone.take("a", gcra.limit_of(1, 60, 3)) for _ in range(5)]
        assert [one.is_allowed for one in found] == [True, True, True, False, False]
        assert not alone.is_shared


async def test_a_redis_that_hangs_is_waited_for_by_one_request_alone(tmp_path: pathlib.Path):
    wanted = redis.prepare(parts.RedisSettings(data_dir=tmp_path, bundled=False))
    limit = gcra.limit_of(1, 3600, 100)
    with process.start(wanted.command, tmp_path / "redis.log") as running:
        now = [0.0]
        async with Limiter(wanted.url, lambda: now[0]) as shared, Limiter(wanted.url, timeout_seconds=10) as other:
            await shared.take("a", limit)
            while not shared.is_shared:  # it is waited for no longer than usual, and this machine may be slower
                now[0] += limiter.RETRY_SECONDS
                await shared.take("a", limit)
            before = await count_connections(other)
            os.kill(running.pid, signal.SIGSTOP)
            try:
                found = [await shared.take("a", limit) for _ in range(50)]
            finally:
                os.kill(running.pid, signal.SIGCONT)
            assert all(one.is_allowed for one in found)
            assert not shared.is_shared
            assert await count_connections(other) - before < 5, "who waits in vain connects anew"


async def count_connections(shared: Limiter) -> int:
    """How many the server ever took; asked over one of its own, which is new after a pause."""
    await shared._redis.connection_pool.disconnect()
    return (await shared._redis.info("stats"))["total_connections_received"]


async def test_limits_are_shared_again_when_redis_is_back(tmp_path: pathlib.Path):
    wanted = redis.prepare(parts.RedisSettings(data_dir=tmp_path, bundled=False))
    now = [0.0]
    limit = gcra.limit_of(1, 3600, 2)
    async with Limiter(wanted.url, lambda: now[0], PATIENCE_SECONDS) as shared:
        assert (await shared.take("a", limit)).is_allowed
        assert not shared.is_shared
        with process.start(wanted.command, tmp_path / "redis.log"):
            assert (await shared.take("a", limit)).is_allowed
            assert not shared.is_shared, "it is not asked again at once"
            now[0] += limiter.RETRY_SECONDS
            assert (await shared.take("a", limit)).is_allowed
            assert shared.is_shared


async def test_a_process_remembers_a_bounded_number_of_callers():
    local = LocalLimiter(keys_max=10, clock=lambda: 1.0)
    limit = gcra.limit_of(1, 60, 1)
    for number in range(100):
        await local.take(str(number), limit)
    assert len(local) == 10
    assert not (await local.take("99", limit)).is_allowed
    assert (await local.take("0", limit)).is_allowed


@pytest.mark.parametrize("requests", [1, 100, 3000])
async def test_a_process_by_itself_counts_as_the_domain_does(requests):
    now = [0.0]
    local, limit = LocalLimiter(clock=lambda: now[0]), gcra.limit_of(requests, 60, 5)
    assert [(await local.take("a", limit)).is_allowed for _ in range(6)] == [True] * 5 + [False]
    now[0] += limit.interval_us / gcra.MICROSECONDS
    assert [(await local.take("a", limit)).is_allowed for _ in range(2)] == [True, False]
