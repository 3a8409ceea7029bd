"""The devnet as a user starts it: `orbital up` in a process of its own, known by its `devnet.json`."""

import collections.abc
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import typing

import pytest

START_SECONDS = 90
STOP_SECONDS = 15


class Up:
    """A running `orbital up`."""

    def __init__(self, data_dir: pathlib.Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.log = data_dir.with_name(f"{data_dir.name}.log")
        argv = [sys.executable, "-m", "orbital", "up", "--port", "0", "--data-dir", str(data_dir), *options]
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                argv,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def devnet(self) -> dict[str, typing.Any]:
        return json.loads((self.data_dir / "devnet.json").read_text())

    @property
    def output(self) -> str:
        return self.log.read_text()

    def wait_ready(self) -> dict[str, typing.Any]:
        """Block until `devnet.json` is there."""
        wait_for(lambda: (self.data_dir / "devnet.json").exists() or self.popen.poll() is not None, START_SECONDS)
        assert self.popen.poll() is None, self.output
        return self.devnet

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Ask it to stop; returns the exit status."""
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        try:
            return self.popen.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()


def wait_for(condition: collections.abc.Callable[[], object], seconds: float) -> None:
    """Poll until `condition` holds; fails the test after the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def start_up(tmp_path: pathlib.Path) -> collections.abc.Iterator[collections.abc.Callable[..., Up]]:
    """Start `orbital up` with options; all of them are ended with the test."""
    started: list[Up] = []

    def start(*options: str, data_dir: pathlib.Path | None = None, environment: dict[str, str] | None = None) -> Up:
        one = Up(data_dir or tmp_path / "stack", *options, environment=environment)
        started.append(one)
        return one

    yield start
    for one in started:
        if one.popen.poll() is None:
            one.stop()


@pytest.fixture
def alive() -> collections.abc.Callable[[int], bool]:
    return is_alive


@pytest.fixture
def eventually() -> collections.abc.Callable[[collections.abc.Callable[[], object], float], None]:
    return wait_for
