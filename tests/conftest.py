"""Real servers for all tests: one PostgreSQL and one Redis a worker, as many local chains as a test asks for.

Every server dies with the test process, even when that is killed. `ORBITAL_BUNDLED=1` forces the bundled PostgreSQL and
Redis, as it does for `orbital up`. No example of Hypothesis is judged by its time: machines that run tests stand still.
"""

import asyncio
import collections.abc
import contextlib
import os
import pathlib
import urllib.parse
import uuid

import asyncpg
import hypothesis
import pytest
import redis as redis_client

from orbital.devnet import anvil, postgres, process, redis, settings
from orbital.storage import line, pool

hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

StartChain = collections.abc.Callable[..., anvil.Chain]


@pytest.fixture(scope="session", autouse=True)
def patience() -> collections.abc.Iterator[None]:
    """A hundred at once wait long for ten connections on a slow machine: no outage. Tests of outages have less."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(pool, "WAIT_SECONDS", 60.0)
        patched.setattr(line, "LONGEST_SECONDS", 60.0)
        yield


@pytest.fixture(scope="session")
def is_bundled() -> bool:
    return os.environ.get("ORBITAL_BUNDLED") == "1"


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory, is_bundled: bool
) -> collections.abc.Iterator[postgres.Server]:
    folder = tmp_path_factory.mktemp("postgres")
    wanted = settings.PostgresSettings(data_dir=folder / "clusters", bundled=is_bundled, durable=False)
    server = postgres.prepare(wanted)
    with process.start(server.command, folder / "postgres.log"):
        yield server


@pytest.fixture
async def database_url(postgres_server: postgres.Server) -> collections.abc.AsyncIterator[str]:
    """A database of the test's own, empty at its start and dropped at its end."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(postgres_server.url)
    try:
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        yield postgres_server.url.rpartition("/")[0] + f"/{name}"
        await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await connection.close()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def relay(one: Ends, other: Ends) -> None:
    """Carry bytes between two connections, both ways, until each has ended."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError):
                while data := await reader.read(65536):
                    writer.write(data)
                    await writer.drain()
        finally:
            writer.close()

    await asyncio.gather(carry(one[0], other[1]), carry(other[0], one[1]))


@pytest.fixture
def relay_bytes() -> collections.abc.Callable[[Ends, Ends], collections.abc.Awaitable[None]]:
    return relay


class Late:
    """A way to a server that answers nobody until `opened` is set; who came before is let through then."""

    def __init__(self, host: str, port: int) -> None:
        self._place = host, port
        self.opened = asyncio.Event()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.opened.wait()
        await relay((reader, writer), await asyncio.open_connection(*self._place))


@pytest.fixture
async def late_database(database_url: str) -> collections.abc.AsyncIterator[tuple[str, Late]]:
    """The URL of the test's database by a way that is shut, and the way."""
    parts = urllib.parse.urlsplit(database_url)
    late = Late(parts.hostname, parts.port)
    server = await asyncio.start_server(late.connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    yield database_url.replace(f":{parts.port}/", f":{port}/"), late
    late.opened.set()
    server.close()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory, is_bundled: bool) -> collections.abc.Iterator[redis.Server]:
    folder = tmp_path_factory.mktemp("redis")
    server = redis.prepare(settings.RedisSettings(data_dir=folder, bundled=is_bundled))
    with process.start(server.command, folder / "redis.log"):
        yield server


@pytest.fixture
def redis_url(redis_server: redis.Server) -> str:
    """The worker's Redis, emptied before the test."""
    with redis_client.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def anvil_chain(tmp_path_factory: pytest.TempPathFactory) -> collections.abc.Iterator[StartChain]:
    """`anvil_chain(chain_id=31337, **settings)` starts a chain, mining on every transaction unless told otherwise."""
    with contextlib.ExitStack() as running:

        def start(chain_id: int = 31337, **changes: object) -> anvil.Chain:
            folder = tmp_path_factory.mktemp("chains")
            fields = {"data_dir": folder, "chain_id": chain_id, "block_seconds": 0, **changes}
            chain = anvil.prepare(settings.AnvilSettings(**fields))
            running.enter_context(process.start(chain.command, folder / f"{chain.command.name}.log"))
            return chain

        yield start


@pytest.fixture
def log_dir(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder
