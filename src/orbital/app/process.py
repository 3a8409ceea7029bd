"""What every process and command does around its one job: settings, logs, signals, an event loop, and a clean end.

SIGTERM and SIGINT cancel the job, which has its own `finally`s. An error that the job does not know how to live with
ends the process with status 1 and a log line: whoever supervises it starts it again.
"""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Final

import uvloop

from orbital.config import loading
from orbital.config.tree import ConfigError, Need, Settings
from orbital.domain.errors import OrbitalError
from orbital.observe import logging

EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2

Job = Callable[[], Coroutine[Any, Any, None]]
Command = Callable[[Settings], Coroutine[Any, Any, int]]


def run(process: str, log_level: str, job: Job) -> int:
    """Run `job` until it ends or a signal cancels it; returns the exit status."""
    logging.configure(process, log_level)
    log = logging.get_logger("app")
    try:
        uvloop.run(_until_signalled(job))
    except OrbitalError as error:
        log.error("failed", code=error.code, detail=error.detail)  # noqa: TRY400 - typed errors explain themselves
        return EXIT_FAILED
    except Exception:
        log.exception("crashed")
        return EXIT_FAILED
    log.info("stopped")
    return 0


def do(needs: frozenset[Need], command: Command) -> int:
    """Run what an operator typed, to its end; returns its exit status. An error is a line of its own."""
    try:
        settings = loading.load(os.environ, needs)
    except ConfigError as error:
        return report_config(error)
    logging.configure("command", settings.log_level)
    try:
        return asyncio.run(command(settings))
    except OrbitalError as error:
        sys.stderr.write(f"{error.code}: {error.detail}\n")
        return EXIT_FAILED


def calm_collector(thresholds: tuple[int, int, int]) -> None:
    """Look for garbage in circles rarely, and never again among what is there now (see `gc.set_threshold`)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*thresholds)


def report_config(error: ConfigError) -> int:
    """Say what is wrong with the settings; returns the exit status."""
    sys.stderr.write(f"the configuration has faults:\n{error}\n")
    return EXIT_USAGE


async def _until_signalled(job: Job) -> None:
    loop = asyncio.get_running_loop()
    task = loop.create_task(job())
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
