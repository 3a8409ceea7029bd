"""The pipeline without meaning: what fetching, parsing, taking apart and copying the logs of a chain costs."""

import asyncio
from typing import Final

import asyncpg
import httpx
import msgspec

RANGE_BLOCKS: Final = 50
AT_ONCE: Final = 8
_TABLE: Final = """
CREATE TABLE copied (
    chain_id bigint NOT NULL, block_number bigint NOT NULL, block_hash bytea NOT NULL, tx_hash bytea NOT NULL,
    log_index integer NOT NULL, timestamp bigint NOT NULL, emitter bytea NOT NULL, topics bytea[] NOT NULL,
    words bytea[] NOT NULL, PRIMARY KEY (chain_id, block_hash, log_index)
);
CREATE TABLE copied_until (number bigint NOT NULL)
"""


class _Log(msgspec.Struct, rename="camel", gc=False):
    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    block_timestamp: str


class _Answer(msgspec.Struct, gc=False):
    result: list[_Log]


_ANSWER: Final = msgspec.json.Decoder(_Answer)


async def copy_all(database_url: str, rpc_url: str, chain_id: int, head: int) -> None:
    """Copy every log of blocks 0 to `head`; a range is one transaction, fetched while the one before commits."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(_TABLE)
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        starts = range(0, head + 1, RANGE_BLOCKS)
        waiting: list[asyncio.Task[bytes]] = []
        for index, first in enumerate(starts):
            while len(waiting) < AT_ONCE and index + len(waiting) < len(starts):
                waiting.append(asyncio.create_task(_fetch(http, rpc_url, starts[index + len(waiting)], head)))
            lines = _lines(chain_id, await waiting.pop(0))
            async with connection.transaction():
                if lines:
                    await connection.copy_to_table("copied", source=_Source(lines), format="text")
                await connection.execute("INSERT INTO copied_until VALUES ($1)", first)
    await connection.close()


class _Source:
    """Bytes as the file that the driver wants."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, _size: int) -> bytes:
        data, self._data = self._data, b""
        return data


async def _fetch(http: httpx.AsyncClient, rpc_url: str, first: int, head: int) -> bytes:
    where = {"fromBlock": hex(first), "toBlock": hex(min(head, first + RANGE_BLOCKS - 1))}
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [where]}
    return (await http.post(rpc_url, json=body)).content


def _lines(chain_id: int, content: bytes) -> bytes:
    return "".join([_line(chain_id, log) for log in _ANSWER.decode(content).result]).encode()


def _line(chain_id: int, log: _Log) -> str:
    data = log.data
    words = '","\\\\\\\\x'.join([data[at : at + 64] for at in range(2, len(data), 64)])
    topics = '","\\\\\\\\x'.join([topic[2:] for topic in log.topics])
    return (
        f"{chain_id}\t{int(log.block_number, 16)}\t\\\\{log.block_hash[1:]}\t\\\\{log.transaction_hash[1:]}\t"
        f"{int(log.log_index, 16)}\t{int(log.block_timestamp, 16)}\t\\\\{log.address[1:]}\t"
        f'{{"\\\\\\\\x{topics}"}}\t{{"\\\\\\\\x{words}"}}\n'
    )
