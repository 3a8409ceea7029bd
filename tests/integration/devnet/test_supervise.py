import asyncio
import collections.abc
import itertools
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

import asyncpg
import pytest
import redis.asyncio as redis_client

from orbital.devnet import anvil, datadir, leftovers, postgres, process, redis, settings, supervise
from orbital.domain import errors

STACK = pathlib.Path(__file__).with_name("stack_program.py")
LIMIT_SECONDS = 20.0
OBEDIENT = ("sleep", "600")
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


class Watch:
    """Collects what a supervisor says, and waits for it. `victims` are killed each time that they are up."""

    def __init__(self) -> None:
        self.events: list[supervise.Event] = []
        self.lines: list[tuple[str, str]] = []
        self.victims: set[str] = set()
        self._changed = asyncio.Event()

    def report(self, event: supervise.Event) -> None:
        self.events.append(event)
        if event.kind in {supervise.Kind.STARTED, supervise.Kind.RESTARTED} and event.name in self.victims:
            assert event.pid is not None
            os.kill(event.pid, signal.SIGKILL)
        self._changed.set()

    def sink(self, name: str, line: str) -> None:
        self.lines.append((name, line))
        self._changed.set()

    async def until(self, is_met: collections.abc.Callable[[], bool]) -> None:
        async with asyncio.timeout(LIMIT_SECONDS):
            while not is_met():
                self._changed.clear()
                await self._changed.wait()

    def find(self, kind: supervise.Kind, name: str) -> list[supervise.Event]:
        return [event for event in self.events if event.kind is kind and event.name == name]


@pytest.fixture
async def watched() -> collections.abc.AsyncIterator[tuple[supervise.Supervisor, Watch]]:
    watch = Watch()
    supervisor = supervise.Supervisor(watch.report, watch.sink)
    yield supervisor, watch
    await supervisor.stop()


def is_alive(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pids: collections.abc.Iterable[int]) -> None:
    deadline = time.monotonic() + LIMIT_SECONDS
    left = set(pids)
    while left:
        left = {pid for pid in left if is_alive(pid)}
        assert time.monotonic() < deadline, f"still alive: {left}"
        time.sleep(0.01)


def sleeper(name: str, **changes: Any) -> process.Command:
    return process.Command(**{"name": name, "argv": OBEDIENT, **changes})


def program_of(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/exe").resolve().name


def resolve_program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None
    return pathlib.Path(found).resolve().name


async def test_pids_are_the_programs_own(watched: tuple[supervise.Supervisor, Watch]) -> None:
    supervisor, _ = watched
    program = resolve_program("tail")
    following = {"argv": ("tail", "-f", "/dev/null"), "is_ready": lambda pid: program_of(pid) == program}
    pids = await supervisor.start(sleeper("one", **following), sleeper("two", **following))
    assert pids == supervisor.pids
    assert list(pids) == ["one", "two"]
    assert all(os.getsid(pid) == pid for pid in pids.values())


async def test_dead_child_is_started_again_and_the_others_live_on(
    watched: tuple[supervise.Supervisor, Watch],
) -> None:
    supervisor, watch = watched
    first = await supervisor.start(sleeper("one"), sleeper("two"))
    os.kill(first["one"], signal.SIGKILL)
    await watch.until(lambda: bool(watch.find(supervise.Kind.RESTARTED, "one")))
    (died,) = watch.find(supervise.Kind.DIED, "one")
    assert (died.pid, died.exit_status) == (first["one"], -signal.SIGKILL)
    assert supervisor.pids["one"] != first["one"]
    assert supervisor.pids["two"] == first["two"]


async def test_delays_between_starts_double(watched: tuple[supervise.Supervisor, Watch]) -> None:
    supervisor, watch = watched
    times: list[float] = []

    def note_time() -> tuple[str, ...]:
        times.append(time.monotonic())
        return ()

    watch.victims.add("brief")
    await supervisor.start(sleeper("brief", before_start=note_time))
    await watch.until(lambda: len(watch.find(supervise.Kind.DIED, "brief")) >= 4)
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert waits[0] >= 0.2
    assert waits[1] >= 0.4
    assert waits[2] >= 0.8


async def test_delay_begins_anew_after_healthy_times(
    watched: tuple[supervise.Supervisor, Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "HEALTHY_SECONDS", 0.0)
    monkeypatch.setattr(supervise, "FIRST_DELAY_SECONDS", 0.01)
    monkeypatch.setattr(supervise, "LONGEST_DELAY_SECONDS", 1000.0)
    supervisor, watch = watched
    watch.victims.add("brief")
    await supervisor.start(sleeper("brief"))
    # doubling would have made this 160 s
    await watch.until(lambda: len(watch.find(supervise.Kind.DIED, "brief")) >= 15)


async def test_child_whose_restart_cannot_help_is_given_up(watched: tuple[supervise.Supervisor, Watch]) -> None:
    supervisor, watch = watched
    starts: list[int] = []

    def refuse_the_second() -> tuple[str, ...]:
        starts.append(1)
        if len(starts) > 1:
            raise errors.Corrupt("chain_lost", "it has to start over")
        return ()

    pids = await supervisor.start(sleeper("fragile", before_start=refuse_the_second))
    os.kill(pids["fragile"], signal.SIGKILL)
    await watch.until(lambda: bool(watch.find(supervise.Kind.GIVEN_UP, "fragile")))
    (event,) = watch.find(supervise.Kind.GIVEN_UP, "fragile")
    assert (event.code, event.detail) == ("chain_lost", "it has to start over")
    assert supervisor.pids == {}


async def test_output_arrives_by_lines_with_the_name(watched: tuple[supervise.Supervisor, Watch]) -> None:
    supervisor, watch = watched
    script = "import sys, time; print('a' * 200_000); print('b', file=sys.stderr); sys.stderr.flush(); time.sleep(600)"
    await supervisor.start(sleeper("talker", argv=(sys.executable, "-u", "-c", script)))
    await watch.until(lambda: ("talker", "b") in watch.lines)
    assert "".join(line for _, line in watch.lines) == "a" * 200_000 + "b"


async def test_groups_stop_in_reverse_order_and_the_stubborn_are_killed() -> None:
    watch = Watch()
    supervisor = supervise.Supervisor(watch.report, watch.sink)
    await supervisor.start(sleeper("below"))
    await supervisor.start(sleeper("stubborn", argv=(sys.executable, "-c", STUBBORN)), sleeper("beside"))
    await supervisor.start(sleeper("above"))
    await watch.until(lambda: ("stubborn", "up") in watch.lines)
    pids = supervisor.pids
    await supervisor.stop()
    stopped = [event for event in watch.events if event.kind is supervise.Kind.STOPPED]
    assert [event.name for event in stopped] == ["above", "beside", "stubborn", "below"]
    assert [event.exit_status for event in stopped] == [-15, -15, -9, -15]
    assert not any(is_alive(pid) for pid in pids.values())
    assert not watch.find(supervise.Kind.DIED, "stubborn")


async def test_failed_start_tells_the_last_words_and_leaves_the_rest_to_stop(
    watched: tuple[supervise.Supervisor, Watch],
) -> None:
    supervisor, _ = watched
    failing = sleeper("failing", argv=("sh", "-c", "echo no such luck; exit 3"), is_ready=lambda _pid: False)
    with pytest.raises(errors.Unavailable, match="no such luck"):
        await supervisor.start(sleeper("fine"), failing)
    assert list(supervisor.pids) == ["fine"]


async def test_start_that_is_cancelled_leaves_nothing_running(
    watched: tuple[supervise.Supervisor, Watch],
) -> None:
    supervisor, watch = watched
    script = "import time; print('up', flush=True); time.sleep(600)"
    waiting = sleeper("waiting", argv=(sys.executable, "-c", script), is_ready=lambda _pid: False)
    starting = asyncio.create_task(supervisor.start(waiting))
    await watch.until(lambda: ("waiting", "up") in watch.lines)
    pid = supervisor.pids["waiting"]
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    await supervisor.stop()
    assert not is_alive(pid)


async def test_killed_redis_comes_back_under_the_same_url(
    watched: tuple[supervise.Supervisor, Watch], tmp_path: pathlib.Path
) -> None:
    supervisor, watch = watched
    server = redis.prepare(settings.RedisSettings(data_dir=tmp_path))
    pids = await supervisor.start(server.command)
    os.kill(pids["redis"], signal.SIGKILL)
    await watch.until(lambda: bool(watch.find(supervise.Kind.RESTARTED, "redis")))
    async with redis_client.Redis.from_url(server.url) as client:
        assert await client.ping()


async def test_killed_postgres_comes_back_with_its_data(
    watched: tuple[supervise.Supervisor, Watch], tmp_path: pathlib.Path
) -> None:
    supervisor, watch = watched
    server = postgres.prepare(settings.PostgresSettings(data_dir=tmp_path))
    pids = await supervisor.start(server.command)
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    os.kill(pids["postgres"], signal.SIGKILL)
    await watch.until(lambda: bool(watch.find(supervise.Kind.RESTARTED, "postgres")))
    connection.terminate()
    connection = await asyncpg.connect(server.url)
    assert await connection.fetchval("SELECT value FROM kept") == 7
    await connection.close()


async def test_killed_chain_is_given_up_as_lost(
    watched: tuple[supervise.Supervisor, Watch], tmp_path: pathlib.Path
) -> None:
    supervisor, watch = watched
    chain = anvil.prepare(settings.AnvilSettings(data_dir=tmp_path, chain_id=31337))
    server = redis.prepare(settings.RedisSettings(data_dir=tmp_path / "redis"))
    pids = await supervisor.start(chain.command, server.command)
    os.kill(pids["anvil-31337"], signal.SIGKILL)
    await watch.until(lambda: bool(watch.find(supervise.Kind.GIVEN_UP, "anvil-31337")))
    assert watch.find(supervise.Kind.GIVEN_UP, "anvil-31337")[0].code == "chain_lost"
    assert supervisor.pids == {"redis": pids["redis"]}


def start_stack(folder: pathlib.Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    stack = subprocess.Popen([sys.executable, STACK, folder], stdout=subprocess.PIPE, start_new_session=True)
    assert stack.stdout is not None
    with stack.stdout:
        line = stack.stdout.readline()
    if not line:
        stack.wait()
        raise AssertionError("the stack ended before it was ready")
    return stack, json.loads(line)


async def test_kill_9_of_the_supervisor_ends_all_servers_and_backends(tmp_path: pathlib.Path) -> None:
    stack, said = start_stack(tmp_path)
    connection = await asyncpg.connect(said["database_url"])
    backend = await connection.fetchval("SELECT pg_backend_pid()")
    cluster = next((tmp_path / "postgres").glob("*/data"))
    workers = leftovers.find_processes_in(cluster)
    assert backend in workers
    assert said["pids"]["postgres"] in workers
    stack.kill()
    stack.wait()
    wait_until_gone([*said["pids"].values(), *workers])
    connection.terminate()


async def test_chain_saves_its_state_when_the_supervisor_is_killed(tmp_path: pathlib.Path) -> None:
    stack, said = start_stack(tmp_path)
    stack.kill()
    stack.wait()
    with datadir.hold(tmp_path):  # at once: it waits for a chain that is still writing
        assert not any(is_alive(pid) for pid in said["pids"].values())
        wanted = settings.AnvilSettings(data_dir=tmp_path / datadir.CHAINS, chain_id=31337)
        assert anvil.inspect(wanted) is anvil.Saved.WHOLE
    again, said = start_stack(tmp_path)
    again.send_signal(signal.SIGTERM)
    assert again.wait(LIMIT_SECONDS) == 0
    wait_until_gone(said["pids"].values())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_to_the_supervisor_ends_everything_cleanly(tmp_path: pathlib.Path, number: signal.Signals) -> None:
    stack, said = start_stack(tmp_path)
    os.killpg(stack.pid, number)  # as a terminal does: the whole foreground group, of which children are no members
    began = time.monotonic()
    assert stack.wait(LIMIT_SECONDS) == 0
    print(f"ended after {time.monotonic() - began:.2f} s")
    assert not any(is_alive(pid) for pid in said["pids"].values())
    assert anvil.inspect(settings.AnvilSettings(data_dir=tmp_path / "chains", chain_id=31337)) is anvil.Saved.WHOLE
    assert not list(tmp_path.glob("postgres/*/data/postmaster.pid"))
