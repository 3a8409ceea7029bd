"""Those who wait are looked after, and told when that fails."""

import asyncio
import uuid

import pytest

from orbital.api.tokens import Identity
from orbital.api.waiting import Room
from orbital.domain.errors import Unauthenticated, Unavailable

NOBODY = Identity(b"\x11" * 20, uuid.UUID(int=7))


async def test_a_look_that_fails_is_told_to_all_and_the_next_one_is_made(api):
    room, woken = Room(), asyncio.Event()
    await api.execute("ALTER TABLE sessions RENAME TO elsewhere")
    with room.enter(api.database, NOBODY, woken.set) as first:
        await asyncio.wait_for(woken.wait(), 10)
        with pytest.raises(Unavailable):
            first.check()
        await api.execute("ALTER TABLE elsewhere RENAME TO sessions")
        woken.clear()
        with room.enter(api.database, NOBODY, woken.set) as second:
            await asyncio.wait_for(woken.wait(), 10)
            while second.failure is None:  # the look that was under way at the entry did not know of it
                woken.clear()
                await asyncio.wait_for(woken.wait(), 10)
            with pytest.raises(Unauthenticated):
                second.check()
