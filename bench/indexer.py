"""The indexer against what its pipeline can't be faster than, in alternating rounds of one run.

The limit fetches the same logs by the same ranges, parses them, takes their words apart, and copies them as hex into a
table with the ledger's key, with a checkpoint a range: everything but knowing what the logs mean. Each measurement runs
in a process of its own, so that its CPU time and peak memory are its own; PostgreSQL is as durable as by default.
"""

import argparse
import asyncio
import concurrent.futures
import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import statistics
import sys
import tempfile
import time
import urllib.parse
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop

from harness import cores, traffic, waits
from harness.limit import copy_all
from orbital.app import indexer
from orbital.app import process as app_process
from orbital.chain.rpc import Rpc
from orbital.devnet import postgres, process, settings
from orbital.domain.types import ChainId
from orbital.indexer import loop, reindex
from orbital.indexer.settings import IndexerSettings
from orbital.storage import chains, digest, migrate, pool
from orbital.storage.settings import StorageSettings

CACHE = pathlib.Path(__file__).resolve().parents[1] / ".cache" / "bench-indexer"
CHAINS = (traffic.FIRST, traffic.SECOND)
LOGS_A_BLOCK = 100
ROUNDS = 3
FOLLOW_BLOCKS = 150
FOLLOW_PAUSE_SECONDS = 0.1
LOOK_SECONDS, UNTIL_SECONDS = 0.001, 0.05
RATIO_TARGET, MEMORY_TARGET_MIB, P50_TARGET_MS, P99_TARGET_MS, PAIR_TARGET = 0.5, 250, 25, 100, 1.6


@dataclass(frozen=True)
class Job:
    """What a measuring process is told."""

    database_url: str
    rpc_url: str
    ws_url: str | None
    chain_id: ChainId
    head: int
    source_url: str = ""
    core: cores.Core | None = None


@dataclass(frozen=True)
class Cost:
    """What a job took; CPU seconds of the process itself, and its peak memory."""

    seconds: float
    cpu_seconds: float
    peak_mib: float


@dataclass(frozen=True)
class Database:
    server: postgres.Server
    pid: int

    def create(self) -> str:
        """A fresh migrated database's URL."""
        name = f"bench_{uuid.uuid4().hex}"
        url = self.server.url.rpartition("/")[0] + f"/{name}"
        asyncio.run(_create(self.server.url, name, url))
        return url

    def cpu_seconds(self) -> float:
        """CPU time of the server and of all that it ever started."""
        return sum(_cpu_of(pid, with_ended=pid == self.pid) for pid in _family(self.pid))


# What runs in the measuring processes.


def index(job: Job) -> Cost:
    """Index the chain until its head is in the database."""
    return _measure(_index(job))


def limit(job: Job) -> Cost:
    return _measure(_copy(job))


def index_again(job: Job) -> Cost:
    """Index the chain from what another database kept."""
    return _measure(_index_again(job))


def follow(job: Job) -> None:
    """Index until killed."""
    uvloop.run(_run_worker(job))


async def _index(job: Job) -> None:
    worker = asyncio.create_task(_run_worker(job))
    await _until_indexed(job.database_url, job.chain_id, job.head)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def _copy(job: Job) -> None:
    async with cores.on(job.core, job.database_url):
        await copy_all(job.database_url, job.rpc_url, job.chain_id, job.head)


async def _index_again(job: Job) -> None:
    source, target = [await pool.create_pool(StorageSettings(url)) for url in (job.source_url, job.database_url)]
    await reindex.reindex(source, target, traffic.network_of(), job.chain_id)
    source.terminate()
    target.terminate()


async def _run_worker(job: Job) -> None:
    async with contextlib.AsyncExitStack() as stack:
        database = await pool.create_pool(StorageSettings(job.database_url))
        stack.callback(database.terminate)
        await stack.enter_async_context(cores.on(job.core, job.database_url))
        rpc = await stack.enter_async_context(Rpc([job.rpc_url], job.chain_id))
        await loop.run(
            database, rpc, [job.ws_url] if job.ws_url else [], traffic.network_of(), job.chain_id, IndexerSettings()
        )


def _measure(work: Awaitable[None]) -> Cost:
    async def run() -> None:
        await work

    app_process.calm_collector(indexer.COLLECTOR_THRESHOLDS)
    cpu, start = time.process_time(), time.perf_counter()
    uvloop.run(run())
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu
    # Not ru_maxrss: that counts the process that forked this one.
    (peak,) = [line for line in pathlib.Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
    return Cost(seconds, cpu_seconds, int(peak.split()[1]) / 1024)


# What the bench itself does.


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=1_000, help=f"of {LOGS_A_BLOCK} logs each")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--only", choices=("backfill", "pair", "follow"), help="one part alone")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, _database(pathlib.Path(folder)) as database:
        if chosen.only in {None, "backfill"}:
            backfill_bench(database, chosen.blocks, chosen.rounds)
        if chosen.only in {None, "pair"}:
            pair_bench(database, chosen.blocks // 2, chosen.rounds)
        if chosen.only in {None, "follow"}:
            follow_bench(database, pathlib.Path(folder))
    return 0


def backfill_bench(database: Database, blocks: int, rounds: int) -> None:
    """The limit, the backfill and the re-index in turn; then the backfill of fewer logs."""
    found: dict[str, list[tuple[Cost, float]]] = {"limit": [], "backfill": [], "re-index": []}
    with traffic.running(CACHE / str(blocks), (traffic.FIRST,), blocks, LOGS_A_BLOCK) as (place,):
        for _ in range(rounds):
            found["limit"].append(_run_apart(database, limit, _job(database, place)))
            first = _job(database, place)
            found["backfill"].append(_run_apart(database, index, first))
            again = dataclasses.replace(_job(database, place), source_url=first.database_url)
            found["re-index"].append(_run_apart(database, index_again, again))
        same = len({asyncio.run(_digest(job.database_url)) for job in (first, again)}) == 1
    few = max(1, blocks // 10)
    with traffic.running(CACHE / str(few), (traffic.FIRST,), few, LOGS_A_BLOCK) as (small,):
        less = _run_apart(database, index, _job(database, small))
    print(f"\n{place.logs} logs in {place.blocks} blocks, PostgreSQL durable, {os.cpu_count()} cores")
    print("                  logs/s   us/log: process  PostgreSQL   peak MiB")
    for name, costs in (*found.items(), (f"backfill {small.logs}", [less])):
        count = small.logs if costs == [less] else place.logs
        rate = statistics.median(count / cost.seconds for cost, _ in costs)
        own = statistics.median(cost.cpu_seconds for cost, _ in costs) / count * 1e6
        server = statistics.median(seconds for _, seconds in costs) / count * 1e6
        peak = max(cost.peak_mib for cost, _ in costs)
        print(f"{name:<16} {rate:8.0f}   {own:15.1f}  {server:10.1f}   {peak:8.0f}")
    _compare("backfill / limit", found["limit"], found["backfill"], f"target {RATIO_TARGET}")
    _compare("re-index / backfill", found["backfill"], found["re-index"], f"target 1; digest equal: {same}")
    print(f"peak memory of the backfill: target {MEMORY_TARGET_MIB} MiB")


def pair_bench(database: Database, blocks: int, rounds: int) -> None:
    """Both chains at once, each by a process of its own, against one after the other: the same work.

    Each chain has a core of its own for its node, its indexer and what PostgreSQL does for it, whenever it runs. How
    much that makes independent is told by the limit, which does the same into two databases. Every intent is on both
    chains, and who comes second folds it anew, which costs more than a new one: so the first twice is told as well.
    """
    for name, is_turned in (("different", True), ("the same", False)):
        folder = CACHE / f"{blocks}{'-turned' if is_turned else ''}"
        with (
            traffic.running(folder, CHAINS, blocks, LOGS_A_BLOCK, is_turned=is_turned) as places,
            cores.having(len(places)) as owned,
        ):
            for core, place in zip(owned, places, strict=True):
                core.take(place.pid)
            found = [
                (_pair(database, limit, places, owned), _pair(database, index, places, owned)) for _ in range(rounds)
            ]
        machine, ours = (
            statistics.median(in_turn / both for _, in_turn, both, _ in kind) for kind in zip(*found, strict=True)
        )
        twice = statistics.median(2 * first / both for _, (first, _, both, _) in found)
        waited = statistics.median(share for _, (_, _, _, share) in found)
        print(
            f"two chains at once / in turn, at {name} heights: {ours:.2f}  (target {PAIR_TARGET}; limit {machine:.2f})"
            f"; / the first twice: {twice:.2f}; waiting for each other's rows: {waited:.1%}; cores: {owned[0].kind}"
        )


def _pair(
    database: Database, work: Callable[[Job], Cost], places: list[traffic.Place], owned: list[cores.Core]
) -> tuple[float, float, float, float]:
    """Seconds of the first chain, of both in turn and of both at once; how much of that they waited for rows."""
    is_apart = work is limit  # its table would be the same
    first, second = (
        _run_apart(database, work, job)[0] for job in _on_cores(database, places, owned, is_apart=is_apart)
    )
    with concurrent.futures.ThreadPoolExecutor() as threads, waits.watched(database.server.url, cores.NAMED) as seen:
        jobs = _on_cores(database, places, owned, is_apart=is_apart)
        both = [cost for cost, _ in threads.map(lambda job: _run_apart(database, work, job), jobs)]
    return first.seconds, first.seconds + second.seconds, max(cost.seconds for cost in both), seen.share


def _on_cores(database: Database, places: list[traffic.Place], owned: list[cores.Core], *, is_apart: bool) -> list[Job]:
    """Jobs that write into new databases, or into one, each on a core of its own."""
    jobs = [_job(database, place) for place in places]
    urls = [job.database_url if is_apart else jobs[0].database_url for job in jobs]
    return [
        dataclasses.replace(job, core=core, database_url=f"{url}?application_name={urllib.parse.quote(core.name)}")
        for core, job, url in zip(owned, jobs, urls, strict=True)
    ]


def follow_bench(database: Database, folder: pathlib.Path) -> None:
    for name, has_ws in (("WebSocket", True), ("polling", False)):
        with traffic.running(folder / name, (traffic.FIRST,), 0, 0) as (place,):
            job = _job(database, place, with_ws=has_ws)
            worker = multiprocessing.get_context("spawn").Process(target=follow, args=(job,))
            worker.start()
            try:
                delays = asyncio.run(_mine_and_look(job, traffic.Miner(place.chain)))
            finally:
                worker.kill()
                worker.join()
        p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
        print(
            f"follow over {name:<9}, mined -> visible, {LOGS_A_BLOCK} logs a block: "
            f"p50 {p50:.0f} ms  p99 {p99:.0f} ms  (targets {P50_TARGET_MS}, {P99_TARGET_MS})"
        )


async def _mine_and_look(job: Job, miner: traffic.Miner) -> list[float]:
    """Milliseconds from the node's word that a block is mined until a reader sees its checkpoint; sorted."""
    delays = []
    connection = await asyncpg.connect(job.database_url)
    await _until_indexed(job.database_url, job.chain_id, 0)
    for number, logs in enumerate(miner.traffic(FOLLOW_BLOCKS, LOGS_A_BLOCK), 1):
        miner.send(logs)
        await asyncio.sleep(FOLLOW_PAUSE_SECONDS)
        miner.mine(number)
        start = time.perf_counter()
        while True:
            if await connection.fetchval("SELECT number FROM checkpoints") == number:
                break
            await asyncio.sleep(LOOK_SECONDS)
        delays.append(1_000 * (time.perf_counter() - start))
    await connection.close()
    return sorted(delays)


@contextlib.contextmanager
def _database(folder: pathlib.Path) -> Iterator[Database]:
    server = postgres.prepare(settings.PostgresSettings(data_dir=folder / "postgres"))
    with process.start(server.command, folder / "postgres.log") as running:
        yield Database(server, running.pid)


def _job(database: Database, place: traffic.Place, *, with_ws: bool = False) -> Job:
    chain = place.chain
    ws_url = chain.ws_url if with_ws else None
    return Job(database.create(), chain.rpc_url, ws_url, ChainId(chain.chain_id), place.blocks)


def _run_apart(database: Database, work: Callable[[Job], Cost], job: Job) -> tuple[Cost, float]:
    """Run in a process of its own; also says PostgreSQL's CPU seconds meanwhile."""
    before = database.cpu_seconds()
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as processes:
        cost = processes.submit(work, job).result()
    return cost, database.cpu_seconds() - before


async def _create(server_url: str, name: str, url: str) -> None:
    connection = await asyncpg.connect(server_url)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    await connection.close()
    await migrate.migrate(StorageSettings(url))


async def _until_indexed(url: str, chain_id: ChainId, head: int) -> None:
    connection = await asyncpg.connect(url)
    while True:
        found = await chains.find_checkpoint(connection, chain_id)
        if found is not None and found.number is not None and found.number >= head:
            break
        await asyncio.sleep(UNTIL_SECONDS)
    await connection.close()


def _family(pid: int) -> list[int]:
    """A process and its descendants that live."""
    parents: dict[int, list[int]] = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def _cpu_of(pid: int, *, with_ended: bool) -> float:
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    ticks: list[Any] = fields[11:15]  # user, system, and both of the children that were waited for
    return sum(map(int, ticks[: 4 if with_ended else 2])) / os.sysconf("SC_CLK_TCK")


def _compare(name: str, slower: list[tuple[Cost, float]], faster: list[tuple[Cost, float]], note: str) -> None:
    """How fast the second is as a share of the first, by rounds."""
    ratios = [a.seconds / b.seconds for (a, _), (b, _) in zip(slower, faster, strict=True)]
    print(f"{name}: {statistics.median(ratios):.2f}  ({note}; rounds {', '.join(f'{one:.2f}' for one in ratios)})")


async def _digest(url: str) -> str:
    connection = await asyncpg.connect(url)
    found = await digest.digest(connection)
    await connection.close()
    return found.total


if __name__ == "__main__":
    sys.exit(main())
