"""A stack on its own: `python stack_program.py FOLDER` prints its pids as JSON and runs until it is ended."""

import asyncio
import json
import pathlib
import signal
import sys

from orbital.devnet import anvil, datadir, postgres, redis, settings, supervise


async def main(folder: pathlib.Path) -> None:
    database = postgres.prepare(settings.PostgresSettings(data_dir=folder / datadir.POSTGRES, durable=False))
    cache = redis.prepare(settings.RedisSettings(data_dir=folder / datadir.REDIS))
    chain = anvil.prepare(settings.AnvilSettings(data_dir=folder / datadir.CHAINS, chain_id=31337))
    supervisor = supervise.Supervisor(print_event, lambda _name, _line: None)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    try:
        await supervisor.start(database.command, cache.command, chain.command)
        print(json.dumps({"database_url": database.url, "pids": supervisor.pids}), flush=True)
        await ended.wait()
    finally:
        await supervisor.stop()


def print_event(event: supervise.Event) -> None:
    print(f"{event.kind.value} {event.name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    with datadir.hold(pathlib.Path(sys.argv[1])):
        asyncio.run(main(pathlib.Path(sys.argv[1])))
