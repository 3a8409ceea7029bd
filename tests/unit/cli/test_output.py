"""A command whose output can't be written says so in a line; one whose reader has gone, or told it to end, is quiet."""

import asyncio
import os
import pathlib
import signal
import subprocess
import sys

import pytest

SHORT = [["--help"], ["serve", "--help"], ["pool", "quote", "-"]]
LONG = [["openapi"]]
"""Whether or not a text fits into a buffer, it is out when the command ends."""
MORE_THAN_A_PIPE_HOLDS = 1 << 21
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"},  # else help has no buffer
    "ORBITAL_ENV": "dev",
    "ORBITAL_CONFIG": os.devnull,
}


@pytest.fixture
def full():
    with pathlib.Path("/dev/full").open("wb") as opened:
        yield opened


@pytest.fixture
def without_reader():
    reading, writing = os.pipe()
    os.close(reading)
    yield writing
    os.close(writing)


async def test_a_full_output_is_told_in_a_line(full):
    for done in await run_all(full):
        said = "orbital: unwritable_output: Standard output can't be written: No space left on device.\n"
        assert (done.returncode, done.stderr) == (1, said), done.args


async def test_a_reader_who_has_gone_is_told_nothing(without_reader):
    for done in await run_all(without_reader):
        assert (done.returncode, done.stderr) == (141, ""), done.args


def test_an_output_that_was_never_open_is_told_in_a_line():
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" -m orbital --version >&-', sys.executable],
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    said = "orbital: unwritable_output: Standard output can't be written: It is closed.\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.fixture
def heard():
    """Ctrl-C is heard by what is started, also where these tests themselves run behind a shell that took it away."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heard")
def test_who_is_interrupted_ends_without_a_word():
    reading = subprocess.Popen(
        [sys.executable, "-m", "orbital", "pool", "quote", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    reading.stdin.write(b" " * MORE_THAN_A_PIPE_HOLDS)  # taken, so it is reading
    reading.send_signal(signal.SIGINT)
    # Its input ends now: what comes between two reads is looked at by Python only after the next one.
    assert reading.communicate(timeout=60) == (b"", b"")
    assert reading.returncode == 130


async def run_all(output):
    return await asyncio.gather(*(asyncio.to_thread(orbital, words, output) for words in [*SHORT, *LONG]))


def orbital(words, output):
    return subprocess.run(
        [sys.executable, "-m", "orbital", *words],
        input="[]",
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT,
    )
