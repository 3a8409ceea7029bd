"""Cores for jobs that run beside one another: what is a job's own work, its node's and PostgreSQL's for it runs there.

Where the kernel lets us (control groups of version 1, as root), a core is a quota of the time of the first CPU. Such a
core is slow, but as fast beside others as alone, however few CPUs there are and whatever they do to one another: two
jobs at once against the same two in turn is then what they wait for each other, and nothing of the machine. Elsewhere a
core is a CPU, and the ratio is bounded by what the machine makes of two.
"""

import asyncio
import contextlib
import os
import pathlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import asyncpg

GROUPS = pathlib.Path("/sys/fs/cgroup/cpu")
PERIOD_US = 20_000
SHARE = 0.4
LOOK_SECONDS = 0.05
NAMED = "core %"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database()"


@dataclass(frozen=True)
class Core:
    cpu: int
    group: pathlib.Path | None = None

    @property
    def name(self) -> str:
        """What a session of PostgreSQL that belongs here calls itself."""
        return NAMED.replace("%", self.group.name if self.group else str(self.cpu))

    @property
    def kind(self) -> str:
        return f"{SHARE:.0%} of one CPU each" if self.group else "a CPU each"

    def take(self, pid: int) -> None:
        """Have a process run here from now on."""
        os.sched_setaffinity(pid, {self.cpu})
        if self.group:
            (self.group / "cgroup.procs").write_text(str(pid))


@contextlib.contextmanager
def having(count: int) -> Iterator[list[Core]]:
    """So many cores; slow ones if they can be had."""
    groups: list[pathlib.Path] = []
    try:
        for at in range(count):
            group = GROUPS / f"orbital-{os.getpid()}-{at}"
            group.mkdir()
            groups.append(group)
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(int(PERIOD_US * SHARE)))
    except OSError:
        _give_up(groups)
        groups = []
    try:
        yield [Core(0, group) for group in groups] or [Core(at) for at in range(count)]
    finally:
        _give_up(groups)


@contextlib.asynccontextmanager
async def on(core: Core | None, database_url: str) -> AsyncIterator[None]:
    """Keep this process, and the sessions of PostgreSQL by the core's name, there; None: they run anywhere."""
    if core is None:
        yield
        return
    core.take(os.getpid())
    connection = await asyncpg.connect(database_url)

    async def look() -> None:
        while True:
            for row in await connection.fetch(BACKENDS, core.name):
                with contextlib.suppress(ProcessLookupError):
                    core.take(row["pid"])
            await asyncio.sleep(LOOK_SECONDS)

    looking = asyncio.create_task(look())
    try:
        yield
    finally:
        looking.cancel()
        await asyncio.gather(looking, return_exceptions=True)
        await connection.close()


def _give_up(groups: list[pathlib.Path]) -> None:
    for group in groups:
        for pid in (group / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                (GROUPS / "cgroup.procs").write_text(pid)
        group.rmdir()
