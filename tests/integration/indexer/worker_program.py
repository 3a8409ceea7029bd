"""Workers in processes of their own, for tests that kill or stop them.

For each JSON object on a line of the input one is forked and its pid printed: what all of them import is imported once,
so that hundreds start in little time. They end with this process, which ends with its input.
"""

import asyncio
import ctypes
import json
import os
import pathlib
import signal
import sys

from orbital.chain import rpc
from orbital.devnet import deploy
from orbital.domain.types import ChainId
from orbital.indexer import loop
from orbital.indexer.settings import IndexerSettings
from orbital.observe import logging
from orbital.storage import pool
from orbital.storage.settings import StorageSettings

PR_SET_PDEATHSIG = 1


def main() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who ended is forgotten at once
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            asyncio.run(work(json.loads(line)))
            return
        print(pid, flush=True)


async def work(given) -> None:
    logging.configure("worker")
    chain_id = ChainId(given["chain_id"])
    network = deploy.load(pathlib.Path(given["network"]), "test")
    database = await pool.create_pool(StorageSettings(given["database_url"]))
    async with rpc.Rpc([given["rpc_url"]], chain_id) as node:
        await loop.run(database, node, given["ws_urls"], network, chain_id, IndexerSettings(**given["settings"]))


main()
