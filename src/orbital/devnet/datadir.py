"""One stack a data directory: where its parts lie, and a lock that the kernel lets go however its holder dies."""

import collections.abc
import contextlib
import fcntl
import pathlib
import shutil
import signal

from orbital.devnet import anvil, leftovers, postgres
from orbital.domain import errors

POSTGRES = "postgres"
REDIS = "redis"
CHAINS = "chains"
LOCK = "lock"


@contextlib.contextmanager
def hold(data_dir: pathlib.Path) -> collections.abc.Iterator[None]:
    """Keep other stacks out of `data_dir` while inside. Raises Conflict (`data_dir_in_use`) when one is there.

    Everything in this room that ends leftover servers relies on it: without the lock they might be another stack's.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK).open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.Conflict("data_dir_in_use", f"another stack is running from {data_dir}") from None
        yield


def clear(data_dir: pathlib.Path) -> None:
    """Forget everything a stack keeps (`--fresh`), ending what is left of a killed one. Call it inside `hold`.

    Only the stack's own parts are removed: a data directory may hold other files, and may be chosen by mistake.
    """
    postgres.remove(data_dir / POSTGRES)
    anvil.remove(data_dir / CHAINS)
    if (data_dir / REDIS).exists():
        leftovers.end_processes_in(data_dir / REDIS, signal.SIGTERM)
        shutil.rmtree(data_dir / REDIS)
