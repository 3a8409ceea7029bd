"""One server process: how it is described, started, found ready and stopped.

Every server starts through `tether.py`, so it dies with its starter, and in a session of its own, so Ctrl-C in the
terminal reaches only the starter. The pid is always the server's own. `Process` is the synchronous form, for tests and
single servers; `supervise.py` keeps many alive in an event loop from the same `Command`.
"""

import collections.abc
import dataclasses
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing

from orbital.domain import errors

TETHER = pathlib.Path(__file__).with_name("tether.py")
POLL_SECONDS = 0.01
START_TIMEOUT_SECONDS = 60.0
STOP_TIMEOUT_SECONDS = 4.0
LOG_TAIL_BYTES = 4096


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A server to start. `environment` is complete (None: inherited); `is_ready` is asked with the server's pid
    and may block for a second at most.

    `before_start` runs before every start, also the ones after a death, returns further arguments, and may raise.
    `after_start` runs each time it has become ready, before anybody is told. `identity` is tether's word.
    `stop_signal` asks for a clean end; `death_signal` is what the kernel sends when the starter dies.
    """

    name: str
    argv: tuple[str, ...]
    environment: collections.abc.Mapping[str, str] | None = None
    working_dir: pathlib.Path | None = None
    identity: str = "self"
    is_ready: collections.abc.Callable[[int], bool] | None = None
    before_start: collections.abc.Callable[[], collections.abc.Sequence[str]] | None = None
    after_start: collections.abc.Callable[[], None] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL


class Process:
    """A started server. Its output goes to `log`; `stop` (or leaving the `with` block) ends it."""

    def __init__(self, command: Command, popen: subprocess.Popen[bytes], log: pathlib.Path) -> None:
        self.command = command
        self.log = log
        self._popen = popen

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def is_running(self) -> bool:
        return self._popen.poll() is None

    def wait(self, timeout_seconds: float) -> int:
        """Wait for the end; returns the exit status as `subprocess` counts it. Raises subprocess.TimeoutExpired."""
        return self._popen.wait(timeout_seconds)

    def stop(self, timeout_seconds: float = STOP_TIMEOUT_SECONDS) -> int:
        """Ask it to end, kill it after the timeout, and return its exit status. Does nothing to an ended one."""
        if self.is_running:
            self._popen.send_signal(self.command.stop_signal)
        try:
            return self._popen.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            return self._popen.wait()

    def kill(self) -> None:
        """Send SIGKILL, as a crash would look, and reap it."""
        self._popen.kill()
        self._popen.wait()

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()


def build_argv(command: Command, further: collections.abc.Sequence[str] = ()) -> list[str]:
    """The argv that starts the command tied to this process; the tether replaces itself by the program."""
    tether = [sys.executable, "-I", "-S", str(TETHER), str(int(command.death_signal)), str(os.getpid())]
    return [*tether, command.identity, *command.argv, *further]


def start(command: Command, log: pathlib.Path, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> Process:
    """Start a server and wait until it is ready. Raises Unavailable when it ends first or takes too long.

    Call it from a thread that lives as long as the server should (see `tether.py`).
    """
    further = command.before_start() if command.before_start is not None else ()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        popen = subprocess.Popen(
            build_argv(command, further),
            env=command.environment,
            cwd=command.working_dir,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = Process(command, popen, log)
    try:
        _wait_ready(process, timeout_seconds)
        if command.after_start is not None:
            command.after_start()
    except BaseException:
        process.stop()
        raise
    return process


def run(command: Command, *, timeout_seconds: float = START_TIMEOUT_SECONDS) -> str:
    """Run a program that ends by itself and return what it printed. Raises Unavailable when it fails."""
    done = subprocess.run(
        build_argv(command),
        env=command.environment,
        cwd=command.working_dir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=timeout_seconds,
        check=False,
    )
    text = done.stdout.decode(errors="replace")
    if done.returncode != 0:
        raise errors.Unavailable("program_failed", f"{command.name} ended with {done.returncode}: {text.strip()}")
    return text


def _wait_ready(process: Process, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    is_ready = process.command.is_ready
    while process.is_running:
        if is_ready is None or is_ready(process.pid):
            return
        if time.monotonic() > deadline:
            message = f"{process.command.name} was not ready after {timeout_seconds:g} s: {_tail(process.log)}"
            raise errors.Unavailable("server_not_ready", message)
        time.sleep(POLL_SECONDS)
    raise errors.Unavailable("server_not_started", f"{process.command.name} ended at start: {_tail(process.log)}")


def _tail(log: pathlib.Path) -> str:
    with log.open("rb") as source:
        source.seek(max(0, log.stat().st_size - LOG_TAIL_BYTES))
        return source.read().decode(errors="replace").strip()
