"""The process `orbital up`: the devnet until Ctrl-C, started anew from nothing if a local chain is lost."""

import argparse
import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from orbital.app import console, output, process, stack
from orbital.config.tree import ConfigError
from orbital.devnet import datadir, ports, swaps, traffic
from orbital.domain.errors import OrbitalError
from orbital.observe import logging
from orbital.realtime import tail

_BUSY: Final = "data_dir_in_use"


def main(chosen: argparse.Namespace) -> int:
    """Run until told to stop; returns the exit status (2: the port or the folder is taken)."""
    logging.configure("up", chosen.log_level)
    options = stack.Options(
        port=chosen.port,
        data_dir=chosen.data_dir.resolve(),
        chains=chosen.chains,
        slots_in_an_epoch=chosen.slots_in_an_epoch,
        log_level=chosen.log_level,
    )
    if options.port and not ports.hold(options.port):
        sys.stderr.write(f"port {options.port} of {ports.LOOPBACK} is taken: choose another with --port, or --port 0\n")
        return process.EXIT_USAGE
    try:
        with datadir.hold(options.data_dir):
            if chosen.fresh:
                datadir.clear(options.data_dir)
            return asyncio.run(_run(options, os.environ, with_demo=not chosen.no_demo))
    except ConfigError as error:
        return process.report_config(error)
    except OrbitalError as error:
        sys.stderr.write(f"{error.code}: {error.detail}\n")
        return process.EXIT_USAGE if error.code == _BUSY else process.EXIT_FAILED


async def _run(options: stack.Options, environment: Mapping[str, str], *, with_demo: bool) -> int:
    voice = _Voice(_cancel_on_signals())
    try:
        while True:
            await _run_until_lost(options, environment, voice.say, with_demo=with_demo)
    except asyncio.CancelledError:
        voice.say("stopped")
    if voice.failure is not None:
        raise voice.failure
    return 0


async def _run_until_lost(
    options: stack.Options, environment: Mapping[str, str], say: stack.Say, *, with_demo: bool
) -> None:
    """One life of the devnet; returns when a local chain is lost, with everything ended."""
    begun = time.monotonic()
    one = stack.Stack(options, environment, say)
    async with one.running() as devnet, asyncio.TaskGroup() as tasks:
        say(console.describe_ready(devnet, time.monotonic() - begun))
        beside = [tasks.create_task(_show(devnet.redis_url, say))]
        if with_demo:
            beside.append(tasks.create_task(traffic.run(devnet)))
            beside.append(tasks.create_task(swaps.run(devnet)))
        await one.chain_lost.wait()
        for task in beside:
            task.cancel()


async def _show(redis_url: str, say: stack.Say) -> None:
    """A line for each step of each intent. What Redis does not bring, nobody sees: it is only a view."""
    async for message in tail.follow(redis_url, ["intents"]):
        if (line := console.describe(message)) is not None:
            say(line)


class _Voice:
    """What a person is told. Once it can't be written, everything is asked to end, and `failure` says why.

    Nothing is raised where it is told: that may be in the middle of starting or ending a child.
    """

    def __init__(self, ask_end: Callable[[], None]) -> None:
        self.failure: output.Unwritable | None = None
        self._ask_end = ask_end

    def say(self, text: str) -> None:
        if self.failure is not None:
            return
        try:
            console.say(text)
        except output.Unwritable as failure:
            self.failure = failure
            self._ask_end()


def _cancel_on_signals() -> Callable[[], None]:
    """Ctrl-C and SIGTERM cancel this task, once: a second one does not break off the clean end.

    So does what is returned.
    """
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    asked = asyncio.Event()

    def ask() -> None:
        if not asked.is_set():
            asked.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ask)
    return ask
