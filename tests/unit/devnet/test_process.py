import os
import pathlib
import sys

import pytest

from orbital.devnet import leftovers, process, tether
from orbital.domain import errors


def test_unknown_program_is_reported() -> None:
    with pytest.raises(errors.Unavailable, match="No such file"):
        process.run(process.Command(name="missing", argv=("/nowhere/program",)))


def test_failing_program_is_reported_with_its_words() -> None:
    with pytest.raises(errors.Unavailable, match=r"ended with 3: sorry"):
        process.run(process.Command(name="failing", argv=("sh", "-c", "echo sorry; exit 3")))


def test_tether_does_not_start_for_a_parent_that_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(errors.Unavailable, match=f"ended with {tether.EXIT_PARENT_GONE}"):
        process.run(process.Command(name="orphan", argv=("true",)))


def test_processes_are_found_by_their_folder_only(tmp_path: pathlib.Path) -> None:
    log = tmp_path / "log"
    inside = process.Command(name="inside", argv=("sleep", "600"), working_dir=tmp_path)
    outside = process.Command(name="outside", argv=("sleep", "600"))
    with process.start(inside, log) as found, process.start(outside, log) as other:
        assert leftovers.find_processes_in(tmp_path) == [found.pid]
        assert leftovers.end_processes_in(tmp_path, process.signal.SIGTERM) == 1
        assert not found.is_running
        assert other.is_running
    assert leftovers.find_processes_in(tmp_path) == []


def test_stubborn_process_is_killed(tmp_path: pathlib.Path) -> None:
    script = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    log = tmp_path / "log"
    command = process.Command(
        name="stubborn", argv=(sys.executable, "-c", script), is_ready=lambda _pid: "up" in log.read_text()
    )
    assert process.start(command, log).stop(timeout_seconds=0.1) == -9


def test_further_arguments_come_from_before_start(tmp_path: pathlib.Path) -> None:
    command = process.Command(name="echo", argv=("echo", "one"), before_start=lambda: ("two",))
    assert process.start(command, tmp_path / "log").wait(10) == 0
    assert (tmp_path / "log").read_text() == "one two\n"
