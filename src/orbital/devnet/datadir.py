"""One stack a data directory: a lock that the kernel lets go when its holder dies, however it dies."""

import collections.abc
import contextlib
import fcntl
import pathlib

from orbital.domain import errors


@contextlib.contextmanager
def hold(data_dir: pathlib.Path) -> collections.abc.Iterator[None]:
    """Keep other stacks out of `data_dir` while inside. Raises Conflict (`data_dir_in_use`) when one is there.

    Everything in this room that ends leftover servers relies on it: without the lock they might be another stack's.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise errors.Conflict("data_dir_in_use", f"another stack is running from {data_dir}") from None
        yield
