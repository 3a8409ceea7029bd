"""kill -9 of any service at any moment: every intent still ends settled or refunded, no fact is lost or doubled."""

import asyncio
import contextlib
import os
import random
import signal

import pytest

SERVICES = (
    "api",
    "indexer-31337",
    "indexer-31338",
    "auctioneer",
    "publisher",
    "analytics",
    "solver-1",
    "solver-2",
    "relayer",
    "postgres",
    "redis",
)
INTENTS_A_KILL = 3
KILL_WITHIN_SECONDS = 5.0


async def test_each_service_may_be_killed_at_any_moment(devnet):
    seed = random.SystemRandom().randrange(2**32)
    names = list(SERVICES)
    random.Random(seed).shuffle(names)
    print("seed", seed, names)  # shown when it fails
    await run_kills(devnet, names, seed)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_two_hundred_kills(devnet):
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    await run_kills(devnet, random.Random(seed).choices(SERVICES, k=200), seed)


async def run_kills(devnet, names, seed):
    chance = random.Random(seed)
    intent_ids = []
    for name in names:
        submitting = asyncio.create_task(devnet.submit(INTENTS_A_KILL))
        await asyncio.sleep(chance.uniform(0, KILL_WITHIN_SECONDS))
        with contextlib.suppress(ProcessLookupError):
            os.kill(await devnet.pid_of(name), signal.SIGKILL)
        intent_ids += await submitting
    await devnet.check(await devnet.wait_ended(intent_ids))
