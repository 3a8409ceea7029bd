"""Keeps named servers alive in an event loop, and ends them in order.

Children start in groups: a group's members start together and the group is up when all are ready; groups stop in
reverse, each after the ones that build on it. A child that dies is started again, after 0.2 s, then twice as long each
time up to 5 s, counted from anew once it has stayed up for 10 s. No child's death touches another child. `stop` ends
everything within 5 s: SIGTERM (or what the command asks for), then SIGKILL for what is left of the time.

Children die with this process even when it is killed (`tether.py`), and each has a session of its own, so Ctrl-C
reaches this process only. Start the supervisor in the main thread's event loop: the kernel ties children to a thread.
"""

import asyncio
import collections
import collections.abc
import contextlib
import dataclasses
import enum
import signal

from orbital.devnet import process
from orbital.domain import errors

FIRST_DELAY_SECONDS = 0.2
LONGEST_DELAY_SECONDS = 5.0
HEALTHY_SECONDS = 10.0
STOP_SECONDS = 4.8
GROUP_RESERVE_SECONDS = 0.3
READY_POLL_SECONDS = 0.02
READ_BYTES = 65536
KEPT_LINES = 20


class Kind(enum.Enum):
    """What happened to a child."""

    STARTED = "started"
    DIED = "died"
    RESTARTED = "restarted"
    NOT_RESTARTED = "not restarted"  # one attempt failed; the next follows
    GIVEN_UP = "given up"  # its `before_start` says that trying again cannot help
    STOPPED = "stopped"


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """`exit_status` is the one `subprocess` gives (negative: the signal); `code` and `detail` are the error's."""

    kind: Kind
    name: str
    pid: int | None = None
    exit_status: int | None = None
    code: str = ""
    detail: str = ""

    @property
    def ending(self) -> str:
        """How the process ended, to follow its name."""
        if self.exit_status is None or self.exit_status >= 0:
            return f"ended with status {self.exit_status}"
        return f"was ended by signal {-self.exit_status}"


Report = collections.abc.Callable[[Event], None]
Sink = collections.abc.Callable[[str, str], None]


class _Child:
    """One command and the process that runs it now."""

    def __init__(self, command: process.Command, sink: Sink) -> None:
        self.command = command
        self.running: asyncio.subprocess.Process | None = None
        self.ready_since = 0.0
        self.keeper: asyncio.Task[None] | None = None
        self.last_lines: collections.deque[str] = collections.deque(maxlen=KEPT_LINES)
        self._sink = sink
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> int:
        """Start and wait until ready; returns the pid. Raises an OrbitalError or OSError, with nothing left running."""
        before = self.command.before_start
        further = await asyncio.to_thread(before) if before is not None else ()
        running = await asyncio.create_subprocess_exec(
            *process.build_argv(self.command, further),
            env=self.command.environment,
            cwd=self.command.working_dir,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self.running = running
        assert running.stdout is not None
        self._reader = asyncio.create_task(self._read(running.stdout))
        try:
            await self._wait_ready(running)
        except BaseException:
            await self.end(process.STOP_TIMEOUT_SECONDS)
            raise
        self.ready_since = asyncio.get_running_loop().time()
        return running.pid

    async def end(self, timeout_seconds: float) -> int:
        """Ask it to end, kill it after the timeout; returns the exit status."""
        running = self.running
        assert running is not None
        _send(running, self.command.stop_signal)
        try:
            async with asyncio.timeout(timeout_seconds):
                status = await running.wait()
        except TimeoutError:
            _send(running, signal.SIGKILL)
            status = await running.wait()
        await self.drain()
        return status

    async def drain(self) -> None:
        """Let the last lines through; a grandchild that keeps the pipe open doesn't hold us."""
        if self._reader is not None:
            await asyncio.wait([self._reader], timeout=READY_POLL_SECONDS * 10)
            self._reader.cancel()

    async def _wait_ready(self, running: asyncio.subprocess.Process) -> None:
        ready, after = self.command.is_ready, self.command.after_start
        try:
            async with asyncio.timeout(process.START_TIMEOUT_SECONDS):
                while ready is not None and not await asyncio.to_thread(ready, running.pid):
                    if running.returncode is not None:
                        break
                    await asyncio.sleep(READY_POLL_SECONDS)
        except TimeoutError:
            raise errors.Unavailable("server_not_ready", self._explain("is not ready")) from None
        if running.returncode is not None:
            await self.drain()
            raise errors.Unavailable("server_not_started", self._explain("ended at start"))
        if after is not None:
            await asyncio.to_thread(after)

    async def _read(self, output: asyncio.StreamReader) -> None:
        rest = b""
        while part := await output.read(READ_BYTES):
            *lines, rest = (rest + part).split(b"\n")
            if len(rest) > READ_BYTES:
                lines, rest = [*lines, rest], b""
            for line in lines:
                self._emit(line)
        if rest:
            self._emit(rest)

    def _emit(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        self.last_lines.append(text)
        self._sink(self.command.name, text)

    def _explain(self, what: str) -> str:
        return f"{self.command.name} {what}: " + "\n".join(self.last_lines)


class Supervisor:
    """Starts, watches and stops children. `report` and `sink(name, line)` are called in the event loop."""

    def __init__(self, report: Report, sink: Sink) -> None:
        self._report = report
        self._sink = sink
        self._groups: list[list[_Child]] = []
        self._is_stopping = False

    @property
    def pids(self) -> dict[str, int]:
        """The pids of the children that run now, by name, in the order of their start."""
        children = [child for group in self._groups for child in group]
        return {
            child.command.name: child.running.pid
            for child in children
            if child.running is not None and child.running.returncode is None
        }

    async def start(self, *commands: process.Command) -> dict[str, int]:
        """Start a group and wait until all are ready; returns pids by name.

        Raises the first error of a member that doesn't come up; call `stop` then to end the others.
        """
        group = [_Child(command, self._sink) for command in commands]
        self._groups.append(group)
        results = await asyncio.gather(*(self._start_first(child) for child in group), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result
        return {child.command.name: child.running.pid for child in group if child.running is not None}

    async def stop(self) -> None:
        """End all children, the last group first. Nothing is started again from here on."""
        self._is_stopping = True
        loop = asyncio.get_running_loop()
        deadline = loop.time() + STOP_SECONDS
        for left, group in zip(range(len(self._groups) - 1, -1, -1), reversed(self._groups), strict=True):
            seconds = max(GROUP_RESERVE_SECONDS, deadline - loop.time() - left * GROUP_RESERVE_SECONDS)
            await asyncio.gather(*(self._stop_child(child, seconds) for child in group))
        self._groups.clear()

    async def _start_first(self, child: _Child) -> None:
        pid = await child.start()
        self._report(Event(Kind.STARTED, child.command.name, pid))
        child.keeper = asyncio.create_task(self._keep(child))

    async def _keep(self, child: _Child) -> None:
        """Wait for the child's death and start it again, until stopped or told that it is no use."""
        delay = FIRST_DELAY_SECONDS
        while True:
            assert child.running is not None
            status = await child.running.wait()
            if self._is_stopping:
                return
            await child.drain()
            self._report(Event(Kind.DIED, child.command.name, child.running.pid, status))
            if asyncio.get_running_loop().time() - child.ready_since > HEALTHY_SECONDS:
                delay = FIRST_DELAY_SECONDS
            is_up = False
            while not is_up:
                await asyncio.sleep(delay)
                delay = min(delay * 2, LONGEST_DELAY_SECONDS)
                try:
                    pid = await child.start()
                except (errors.OrbitalError, OSError) as error:
                    event = _describe_failure(child.command.name, error)
                    self._report(event)
                    if event.kind is Kind.GIVEN_UP:
                        return
                else:
                    is_up = True
                    self._report(Event(Kind.RESTARTED, child.command.name, pid))

    async def _stop_child(self, child: _Child, seconds: float) -> None:
        if child.keeper is not None:
            child.keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await child.keeper
        running = child.running
        if running is None or running.returncode is not None:
            return
        status = await child.end(seconds)
        self._report(Event(Kind.STOPPED, child.command.name, running.pid, status))


def _describe_failure(name: str, error: errors.OrbitalError | OSError) -> Event:
    if isinstance(error, errors.OrbitalError):
        kind = Kind.NOT_RESTARTED if error.retryable else Kind.GIVEN_UP
        return Event(kind, name, code=error.code, detail=error.detail)
    return Event(Kind.NOT_RESTARTED, name, code="system_error", detail=str(error))


def _send(running: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended by itself in the meantime
        running.send_signal(number)
