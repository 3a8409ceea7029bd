"""How much of the time sessions of a server wait for rows that others hold."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import asyncpg

PAUSE_SECONDS = 0.01
# A lease's renewal waits for its own worker's step.
WAITING = """
SELECT count(*) FILTER (WHERE wait_event_type = 'Lock' AND query NOT LIKE 'UPDATE leases%') AS waiting,
       count(*) FILTER (WHERE state <> 'idle') AS busy
FROM pg_stat_activity WHERE application_name LIKE $1 AND pid <> pg_backend_pid()
"""


@dataclass
class Waits:
    """Sessions seen busy, and those of them that waited for a lock; by looks at the server now and then."""

    busy: int = 0
    waiting: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def share(self) -> float:
        return self.waiting / self.busy if self.busy else 0.0

    async def watch(self, url: str, names: str) -> None:
        connection = await asyncpg.connect(url)
        while not self.stop.is_set():
            row = await connection.fetchrow(WAITING, names)
            self.busy, self.waiting = self.busy + row["busy"], self.waiting + row["waiting"]
            await asyncio.sleep(PAUSE_SECONDS)
        await connection.close()


@contextlib.contextmanager
def watched(url: str, names: str) -> Iterator[Waits]:
    """Watch the sessions whose application's name is LIKE `names` while the block runs."""
    waits = Waits()
    thread = threading.Thread(target=lambda: asyncio.run(waits.watch(url, names)))
    thread.start()
    try:
        yield waits
    finally:
        waits.stop.set()
        thread.join()
