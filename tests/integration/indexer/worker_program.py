"""One worker as a process of its own, for tests that kill or stop it: arguments are a JSON object."""

import asyncio
import json
import pathlib
import sys

from orbital.chain import rpc
from orbital.devnet import deploy
from orbital.domain.types import ChainId
from orbital.indexer import loop
from orbital.indexer.settings import IndexerSettings
from orbital.observe import logging
from orbital.storage import pool
from orbital.storage.settings import StorageSettings


async def main() -> None:
    given = json.loads(sys.argv[1])
    logging.configure("worker")
    chain_id = ChainId(given["chain_id"])
    network = deploy.load(pathlib.Path(given["network"]), "test")
    database = await pool.create_pool(StorageSettings(given["database_url"]))
    async with rpc.Rpc([given["rpc_url"]], chain_id) as node:
        await loop.run(database, node, given["ws_url"], network, chain_id, IndexerSettings(**given["settings"]))


asyncio.run(main())
