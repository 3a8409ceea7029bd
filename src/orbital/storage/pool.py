"""Connections: one pool a process, with exact numbers and JSON as Python values.

An outage is told within `WAIT_SECONDS`, or the time that a statement may take, and not their sum: a connection whose
statement got no answer is cut rather than asked to cancel, so that whoever waits for one finds out by connecting anew.
A database that is there and busy is no outage but `overloaded`. PostgreSQL itself ends what takes too long, a little
before we would, so nothing that was given up goes on in it, and its word shows that it is there (see also `line`).

The first connection is waited for (`patience`).

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

from orbital.domain.errors import Overloaded, Rejected, Unavailable
from orbital.storage import patience
from orbital.storage.line import Line
from orbital.storage.settings import StorageSettings

if TYPE_CHECKING:  # generic in the driver's stubs alone
    Session = asyncpg.Connection[asyncpg.Record]
    Connection = Session | PoolConnectionProxy[asyncpg.Record]
    Driver = asyncpg.Pool[asyncpg.Record]
else:
    Session = asyncpg.Connection
    Connection = asyncpg.Connection | PoolConnectionProxy
    Driver = asyncpg.Pool
Row = asyncpg.Record

AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
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

BUSY: Final = (*LOST_RACE, asyncpg.QueryCanceledError, asyncpg.TooManyConnectionsError)
"""What PostgreSQL says when it is there and the same may go well a little later."""

WAIT_SECONDS: Final = 2.5
"""The longest wait for a new connection, and for any sign of the database while all are in use."""

STATEMENT_SHARE: Final = 0.9
"""After which part of the time that a statement has PostgreSQL ends it, so that this is heard before we give it up."""

_REFUSED: Final = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.UndefinedObjectError,  # a setting in the URL that it does not know
)
"""What says that PostgreSQL is there and lets nobody in by these words."""

_FAILURES: Final = (*AWAY, *BUSY, asyncpg.InterfaceError)
_MUTE: Final = (*AWAY, asyncpg.InterfaceError, asyncio.CancelledError)
"""What ends a block without a word of PostgreSQL."""

_RELEASE_SECONDS: Final = 0.2

SERVER_SETTINGS: Final = {
    "idle_in_transaction_session_timeout": "10000",  # a stopped process must not keep its locks: others wait for them
    "max_parallel_workers_per_gather": "0",  # a page is a few rows: workers would fetch ahead what nobody reads
}
"""Of every pooled connection."""


class Pool:
    """A process's connections to one database, and the line before them."""

    __slots__ = ("driver", "line")

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.line = Line(driver.get_max_size(), WAIT_SECONDS)

    def terminate(self) -> None:
        """Cut all connections; whoever has one, or comes from now on, is told of an outage."""
        self.driver.terminate()

    def explain(self, failure: BaseException) -> Unavailable:
        """What a failure to be answered means: the database is away, or Overloaded."""
        if isinstance(failure, BUSY):
            return self.line.overloaded("refused", f"The database is busy ({type(failure).__name__}).")
        if isinstance(failure, TimeoutError) and self.line.is_answered:
            return self.line.overloaded("late", "The database has more to do than it can: no answer came in time.")
        return _unavailable(failure)


async def create_pool(settings: StorageSettings) -> Pool:
    """A pool that is connected; Unavailable when PostgreSQL can't be reached for `settings.wait_seconds`.

    Rejected `database_refused` when it does not know the user, the password or the database, `invalid_url` for no URL.
    """
    own: dict[str, Any] = {
        "command_timeout": settings.command_timeout_seconds,
        "server_settings": SERVER_SETTINGS | {"statement_timeout": _statement_timeout(settings)},
    }

    async def attempt(seconds: float) -> Pool:
        with_codecs: Any = asyncpg.create_pool(
            settings.url,
            min_size=settings.pool_min,
            max_size=settings.pool_max,
            timeout=seconds,
            init=_init,
            reset=_keep,
            **own,
        )
        with _refusals_told():
            driver: Driver = await with_codecs
        driver.set_connect_args(settings.url, timeout=WAIT_SECONDS, **own)
        return Pool(driver)

    return await patience.first(settings.wait_seconds, attempt)


async def connect(settings: StorageSettings) -> Session:
    """A connection of one's own, for what needs a session; the caller closes it. Errors as of `create_pool`."""

    async def attempt(seconds: float) -> Session:
        with _refusals_told():
            connection = await asyncpg.connect(
                settings.url, command_timeout=settings.command_timeout_seconds, timeout=seconds
            )
        await _init(connection)
        return connection

    return await patience.first(settings.wait_seconds, attempt)


def acquire(pool: Pool, *, is_urgent: bool = False) -> "_Acquired":
    """A pooled connection without a transaction, for single statements; Unavailable when PostgreSQL is away.

    Overloaded when it is there and too many wait for it. Who speaks for many is urgent: does not stand in line.
    """
    return _Acquired(pool, is_urgent=is_urgent)


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

    __slots__ = ("_connection", "_is_urgent", "_pool")

    def __init__(self, pool: Pool, *, is_urgent: bool) -> None:
        self._pool = pool
        self._is_urgent = is_urgent

    async def __aenter__(self) -> Connection:
        line, wait_seconds = self._pool.line, WAIT_SECONDS
        if not line.enter_at_once():
            wait_seconds -= await line.wait(is_urgent=self._is_urgent)
        try:
            async with asyncio.timeout(wait_seconds):  # the driver's own timeout costs a task
                self._connection = await self._pool.driver.acquire()
        except BaseException as failure:
            line.leave()
            if isinstance(failure, _FAILURES):
                self._tell(failure)
            raise
        return self._connection

    async def __aexit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        line = self._pool.line
        if not isinstance(error, _MUTE):
            line.hear()
        try:
            if isinstance(error, TimeoutError):
                self._connection.terminate()
            await self._pool.driver.release(self._connection, timeout=_RELEASE_SECONDS)
        except _FAILURES as failure:
            self._tell(failure)
            raise
        finally:
            line.leave()
        if isinstance(error, _FAILURES):
            self._tell(error)

    def _tell(self, failure: BaseException) -> None:
        """Raise Unavailable in place of a failure that is an outage's, or a busy database's; return for any other.

        Whoever is being cancelled is told that instead: it would outlive the outage, and never end.
        """
        if isinstance(failure, asyncpg.InterfaceError) and not isinstance(failure, AWAY) and not _is_ended(failure):
            return
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from failure
        raise self._pool.explain(failure) from failure


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
    except asyncpg.TooManyConnectionsError as error:
        raise Overloaded("overloaded", "The database has no connection left.", retry_after_seconds=3) from error
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


def _statement_timeout(settings: StorageSettings) -> str:
    return f"{settings.command_timeout_seconds * STATEMENT_SHARE * 1000:.0f}ms"


async def _init(connection: Any) -> None:
    await connection.set_type_codec("numeric", encoder=str, decoder=int, schema="pg_catalog", format="text")
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(
            kind, encoder=lambda value: orjson.dumps(value).decode(), decoder=orjson.loads, schema="pg_catalog"
        )


async def _keep(_connection: Any) -> None:
    """Nothing to reset: no code leaves session state behind."""
