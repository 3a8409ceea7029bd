"""Finds and ends servers that outlived their starter, by the folder they work in.

A pid written in a file proves nothing after a kill -9 or a reboot: the number may belong to anybody. A process whose
working directory is our data directory is ours. Callers hold the data directory's lock (`datadir.py`), so whatever is
found here is nobody's any more.
"""

import os
import pathlib
import signal
import time

POLL_SECONDS = 0.02
GENTLE_SECONDS = 8.0
KILLED_SECONDS = 5.0


def find_processes_in(folder: pathlib.Path) -> list[int]:
    """Return the pids of living processes whose working directory is `folder`, or was before it was removed."""
    return [pid for pid in _all_pids() if is_process_in(pid, folder)]


def is_process_in(pid: int, folder: pathlib.Path) -> bool:
    """Whether `pid` lives and works in `folder`; False for another's process and for a pid that nobody has."""
    path = str(folder.resolve())
    try:
        return str(pathlib.Path(f"/proc/{pid}/cwd").readlink()) in {path, f"{path} (deleted)"}
    except PermissionError:  # another user's, and containers may keep even root from looking: its argv is public
        return path in _arguments(pid)
    except (FileNotFoundError, ProcessLookupError):
        return False  # gone, or a zombie


def end_processes_in(folder: pathlib.Path, stop_signal: signal.Signals) -> int:
    """Ask every process that works in `folder` to end, kill what doesn't, wait until all are gone; returns how many."""
    found = find_processes_in(folder)
    for pid in found:
        _send(pid, stop_signal)
    if not _wait_until_none(folder, GENTLE_SECONDS):
        for pid in find_processes_in(folder):
            _send(pid, signal.SIGKILL)
        if not _wait_until_none(folder, KILLED_SECONDS):
            raise TimeoutError(f"processes in {folder} survive SIGKILL: {find_processes_in(folder)}")
    return len(found)


def _wait_until_none(folder: pathlib.Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while find_processes_in(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _all_pids() -> list[int]:
    return [int(entry.name) for entry in pathlib.Path("/proc").iterdir() if entry.name.isdecimal()]


def _arguments(pid: int) -> list[str]:
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _send(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return  # it ended by itself in the meantime
