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
LOGS = "logs"
LOCK = "lock"


@contextlib.contextmanager
def hold(data_dir: pathlib.Path) -> collections.abc.Iterator[None]:
    """Keep other stacks out of `data_dir` while inside.

    Raises Conflict (`data_dir_in_use`) when one is there, Rejected (`data_dir_refused`) for no place to write to.

    What is left of a killed stack is ended first, so inside nothing runs and the files are final: a chain whose starter
    was just killed may still be writing its state. Everything in this room that ends leftover servers relies on the
    lock: without it they might be another stack's.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        opened = (data_dir / LOCK).open("w", encoding="ascii")
    except OSError as error:
        raise errors.Rejected("data_dir_refused", f"can't write to {data_dir}: {error.strerror}") from error
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.Conflict("data_dir_in_use", f"another stack is running from {data_dir}") from None
        _end_leftovers(data_dir)
        yield


def clear(data_dir: pathlib.Path) -> None:
    """Forget everything a stack keeps (`--fresh`). Call it inside `hold`.

    Only the stack's own parts are removed: a data directory may hold other files, and may be chosen by mistake.
    """
    postgres.remove(data_dir / POSTGRES)
    anvil.remove(data_dir / CHAINS)
    if (data_dir / REDIS).exists():
        shutil.rmtree(data_dir / REDIS)
    for pattern in ("*.log", "*.log.[0-9]"):
        for kept in (data_dir / LOGS).glob(pattern):
            kept.unlink()


def _end_leftovers(data_dir: pathlib.Path) -> None:
    for cluster in data_dir.glob(f"{POSTGRES}/*/data"):
        leftovers.end_processes_in(cluster, signal.SIGQUIT)
    for folder in (data_dir / REDIS, *data_dir.glob(f"{CHAINS}/*")):
        leftovers.end_processes_in(folder, signal.SIGTERM)
