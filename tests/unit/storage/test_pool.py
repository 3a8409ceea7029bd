"""What a database's URL can't be is told before anything is asked, and without the URL."""

import pytest

from orbital.domain import errors
from orbital.storage import pool
from orbital.storage.settings import StorageSettings


@pytest.mark.parametrize("place", ["127.0.0.1:99999", "127.0.0.1:x"])
@pytest.mark.parametrize("first", [pool.connect, pool.create_pool])
async def test_a_port_that_can_not_be_is_no_url_of_a_database(first, place):
    with pytest.raises(errors.Rejected) as caught:
        await first(StorageSettings(f"postgresql://me:hunter2@{place}/d"))
    assert (caught.value.code, "hunter2" in caught.value.detail) == ("invalid_url", False)
