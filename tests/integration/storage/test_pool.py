"""An outage of the database is Unavailable and lived through; a wrong call is a fault of ours and must be seen."""

import asyncpg
import pytest

from orbital.domain.errors import Unavailable
from orbital.storage import pool


@pytest.mark.parametrize("arguments", [(), (1, 2)])
async def test_a_wrong_number_of_arguments_is_no_outage(database, arguments):
    with pytest.raises(asyncpg.InterfaceError, match="the server expects 1 argument"):
        async with pool.transaction(database) as connection:
            await connection.fetchval("SELECT $1::int", *arguments)


async def test_an_argument_of_the_wrong_type_is_no_outage(database):
    with pytest.raises(asyncpg.DataError):
        async with pool.acquire(database) as connection:
            await connection.fetchval("SELECT $1::int", "one")


async def test_a_connection_that_is_cut_is_an_outage(database):
    with pytest.raises(Unavailable):
        async with pool.transaction(database) as connection:
            await connection.fetchval("SELECT pg_terminate_backend(pg_backend_pid())")


async def test_a_connection_that_was_cut_before_is_an_outage(database):
    async def use_it() -> None:
        async with pool.acquire(database) as connection:
            connection.terminate()
            await connection.fetchval("SELECT 1")

    with pytest.raises(Unavailable):
        await use_it()


async def test_a_closed_pool_is_an_outage(database):
    await database.driver.close()
    with pytest.raises(Unavailable):
        async with pool.acquire(database):
            pytest.fail("a closed pool gave a connection")
