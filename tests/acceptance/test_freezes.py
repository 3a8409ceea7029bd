"""Any process of the stack may stand still and go on, while blocks are replaced: no fact is lost or doubled."""

import asyncio
import contextlib
import json
import os
import pathlib
import random
import signal
import urllib.request

import pytest

INTENTS_A_FREEZE = 3
FREEZE_WITHIN_SECONDS = 2.0
FREEZE_SECONDS = (1.0, 6.0, 12.0)  # within a lease, beyond it, and beyond what the database waits for a transaction
STALL_SECONDS = (0.4, 1.0, 2.0)
STALL_EVERY_SECONDS, STALLS = 1.5, 30
HEAL_SECONDS = 90
DEPTH_MAX = 4
SUPERVISOR = "up"


@pytest.fixture
def up_options():
    """Final is what is twice as deep as a reorg goes here."""
    return ("--no-demo", "--slots-in-an-epoch", str(DEPTH_MAX))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_every_process_may_stand_still_and_go_on(devnet):
    seed = random.SystemRandom().randrange(2**32)
    chance = random.Random(seed)
    before = devnet.up.devnet["processes"]
    rounds = [(name, seconds) for name in (*before, SUPERVISOR) for seconds in FREEZE_SECONDS]
    chance.shuffle(rounds)
    print("seed", seed)  # shown when it fails
    for rpc in devnet.rpcs.values():
        await rpc.request("anvil_mine", hex(2 * DEPTH_MAX))  # what the users were given stays theirs
    intent_ids = []
    for name, seconds in rounds:
        submitting = asyncio.create_task(devnet.submit(INTENTS_A_FREEZE))
        await asyncio.sleep(chance.uniform(0, FREEZE_WITHIN_SECONDS))
        print("stands still", name, seconds)
        async with standing_still(devnet, name):
            await asyncio.sleep(seconds / 2)
            await replace_blocks(devnet, chance, name)
            await asyncio.sleep(seconds / 2)
        intent_ids += await submitting
        async with asyncio.timeout(HEAL_SECONDS):
            while not await asyncio.to_thread(is_healthy, devnet):  # noqa: ASYNC110 - it is other processes that heal
                await asyncio.sleep(0.2)
    await devnet.check(await devnet.wait_ended(intent_ids), ledger="canonical_facts")
    assert devnet.up.devnet["processes"] == before


@pytest.mark.soak
async def test_the_whole_machine_may_stand_still_for_a_second_or_two(devnet):
    """As a virtual machine that is not scheduled: every timeout runs out at once, and nobody may make much of it."""
    before = devnet.up.devnet["processes"]
    intent_ids = []
    for number in range(STALLS):
        submitting = asyncio.create_task(devnet.submit(INTENTS_A_FREEZE))
        await asyncio.sleep(STALL_EVERY_SECONDS)
        pids = family_of(devnet.up.popen.pid)
        stop(pids)
        await asyncio.sleep(STALL_SECONDS[number % len(STALL_SECONDS)])
        go_on(pids)
        intent_ids += await submitting
    views = await devnet.wait_ended(intent_ids)
    assert {view.status for view in views} == {"settled"}
    await devnet.check(views)
    assert devnet.up.devnet["processes"] == before


@contextlib.asynccontextmanager
async def standing_still(devnet, name):
    """A process, with the backends of a database."""
    pid = devnet.up.popen.pid if name == SUPERVISOR else await devnet.pid_of(name)
    pids = [pid, *(children_of(pid) if name == "postgres" else [])]
    stop(pids)
    try:
        yield
    finally:
        go_on(pids)


def stop(pids):
    for one in pids:
        with contextlib.suppress(ProcessLookupError):  # a backend that ended meanwhile
            os.kill(one, signal.SIGSTOP)


def go_on(pids):
    for one in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGCONT)


def family_of(pid):
    return [pid, *(one for child in children_of(pid) for one in family_of(child))]


def children_of(pid):
    found = []
    for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            found += map(int, children.read_text().split())
    return found


async def replace_blocks(devnet, chance, frozen):
    """The newest blocks of a chain, if it moves: what they held is gone, and has to be done again."""
    chain_id = chance.choice(sorted(devnet.rpcs))
    if frozen != f"anvil-{chain_id}":
        await devnet.rpcs[chain_id].request("anvil_reorg", chance.randint(1, DEPTH_MAX), [])


def is_healthy(devnet):
    try:
        with urllib.request.urlopen(f"{devnet.up.devnet['api_url']}/health", timeout=30) as answer:
            return json.load(answer)["status"] == "healthy"
    except OSError:  # 503 while it is not
        return False
