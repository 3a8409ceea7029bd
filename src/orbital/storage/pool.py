"""Connections: one pool a process, with exact numbers and JSON as Python values.

An outage is told within `WAIT_SECONDS`, or the time that a statement may take, and not their sum: a connection whose
statement got no answer is cut rather than asked to cancel, so that whoever waits for one finds out by connecting anew.

The pool never resets a connection on release (it costs a third of a lookup): so no code may leave session state on a
pooled connection, neither SET, LISTEN nor session locks (a temporary table that is empty again is none). What needs a
session of its own takes `connect`.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from orbital.domain.errors import Rejected, Unavailable
from orbital.storage.settings import StorageSettings

if TYPE_CHECKING:  # generic in the driver's stubs alone
    Session = asyncpg.Connection[asyncpg.Record]
    Connection = Session | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Session = asyncpg.Connection
    Connection = asyncpg.Connection | PoolConnectionProxy
    Pool = asyncpg.Pool
Row = asyncpg.Record

AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InternalClientError,  # the end of the connection arrived between two statements
    OSError,
    TimeoutError,
)
"""What says that PostgreSQL is away rather than that a statement is wrong."""

_ENDED: Final = ("connection is closed", "released back to the pool", "pool is closed", "pool is closing")
"""The driver's words, in an error that it also raises for wrong calls, for what ended under its user."""

LOST_RACE: Final = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
"""What PostgreSQL ends a transaction with that was right and need only be tried again."""

WAIT_SECONDS: Final = 2.5
"""The longest wait for a connection, free or new."""

_REFUSED: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedObjectError,  # a setting in the URL that it does not know
)
"""What says that PostgreSQL is there and lets nobody in by these words."""

_FAILURES: Final = (*AWAY, *LOST_RACE, asyncpg.InterfaceError)
_RELEASE_SECONDS: Final = 0.2

SERVER_SETTINGS: Final = {
    "idle_in_transaction_session_timeout": "10000",  # a stopped process must not keep its locks: others wait for them
    "max_parallel_workers_per_gather": "0",  # a page is a few rows: workers would fetch ahead what nobody reads
}
"""Of every pooled connection."""


async def create_pool(settings: StorageSettings) -> Pool:
    """A pool that is connected; Unavailable when PostgreSQL can't be reached.

    Rejected `database_refused` when it does not know the user, the password or the database, `invalid_url` for no URL.
    """
    with_codecs: Any = asyncpg.create_pool(
        settings.url,
        min_size=settings.pool_min,
        max_size=settings.pool_max,
        command_timeout=settings.command_timeout_seconds,
        timeout=WAIT_SECONDS,
        server_settings=SERVER_SETTINGS,
        init=_init,
        reset=_keep,
    )
    with _refusals_told():
        pool: Pool = await with_codecs
    return pool


async def connect(settings: StorageSettings) -> Session:
    """A connection of one's own, for what needs a session; the caller closes it."""
    with _refusals_told():
        connection = await asyncpg.connect(
            settings.url, command_timeout=settings.command_timeout_seconds, timeout=WAIT_SECONDS
        )
    await _init(connection)
    return connection


def acquire(pool: Pool) -> "_Acquired":
    """A pooled connection without a transaction, for single statements; Unavailable when PostgreSQL is away."""
    return _Acquired(pool)


@asynccontextmanager
async def transaction(pool: Pool) -> AsyncIterator[Connection]:
    """One transaction, read committed: commits at the end of the block, rolls back on any error."""
    async with acquire(pool) as connection, connection.transaction(), _cut_when_silent(connection):
        yield connection


@asynccontextmanager
async def snapshot(pool: Pool) -> AsyncIterator[Connection]:
    """A transaction that reads one moment of the database, whatever others write meanwhile, and writes nothing."""
    async with (
        acquire(pool) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
        _cut_when_silent(connection),
    ):
        yield connection


class _Acquired:
    """Holds a connection for a block. A class, for every lookup runs it and a generator costs more."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        try:
            async with asyncio.timeout(WAIT_SECONDS):  # the driver's own timeout costs a task
                self._connection = await self._pool.acquire()
        except _FAILURES as failure:
            _tell(failure)
            raise
        return self._connection

    async def __aexit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        try:
            if isinstance(error, TimeoutError):
                self._connection.terminate()
            await self._pool.release(self._connection, timeout=_RELEASE_SECONDS)
        except _FAILURES as failure:
            _tell(failure)
            raise
        if isinstance(error, _FAILURES):
            _tell(error)


def _tell(failure: BaseException) -> None:
    """Raise Unavailable in place of a failure that is an outage's, or a lost race's; return for any other.

    Whoever is being cancelled is told that instead: it would outlive the outage, and never end.
    """
    if isinstance(failure, asyncpg.InterfaceError) and not isinstance(failure, AWAY) and not _is_ended(failure):
        return
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError from failure
    raise _unavailable(failure) from failure


@asynccontextmanager
async def _cut_when_silent(connection: Connection) -> AsyncIterator[None]:
    """Without this the rollback would wait for an answer as long as the statement did."""
    try:
        yield
    except TimeoutError:
        connection.terminate()
        raise


@contextmanager
def _refusals_told() -> Iterator[None]:
    """Around the first connection: what is wrong with it as a typed error, without the URL and its password."""
    try:
        yield
    except AWAY as error:
        raise _unavailable(error) from error
    except _REFUSED as error:
        raise Rejected("database_refused", f"PostgreSQL refuses: {error}.") from error
    except (ValueError, OverflowError) as error:  # the latter for a port that none can be
        detail = "The database's URL must be postgresql://user:password@host:port/name."
        raise Rejected("invalid_url", detail) from error


def _is_ended(error: asyncpg.InterfaceError) -> bool:
    """Whether the connection or the pool ended, or something failed in the wake of an outage: no wrong call."""
    return isinstance(error.__context__, AWAY) or any(words in str(error) for words in _ENDED)


def _unavailable(error: BaseException) -> Unavailable:
    return Unavailable("unavailable", f"The database does not answer ({type(error).__name__}).", retry_after_seconds=3)


async def _init(connection: Any) -> None:
    await connection.set_type_codec("numeric", encoder=str, decoder=int, schema="pg_catalog", format="text")
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
        )


async def _keep(_connection: Any) -> None:
    """Nothing to reset: no code leaves session state behind."""
