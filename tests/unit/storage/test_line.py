"""Whoever came first goes first, nobody waits in vain, and no place is lost by somebody who leaves."""

import asyncio

import pytest

from orbital.domain.errors import Overloaded, Unavailable
from orbital.storage import line

PATIENT = 60.0


async def enter(one: line.Line, *, is_urgent: bool = False) -> None:
    if not one.enter_at_once():
        await one.wait(is_urgent=is_urgent)


async def settled() -> None:
    """Whatever can go on has gone on."""
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
def full():
    """A line whose only place is taken."""
    one = line.Line(1, PATIENT)
    assert one.enter_at_once()
    return one


async def test_who_came_first_goes_first_and_who_comes_at_the_right_moment_passes_nobody(full):
    order = []

    async def use(name: str) -> None:
        await enter(full)
        order.append(name)
        full.leave()

    waiting = [asyncio.create_task(use(name)) for name in "abc"]
    await settled()
    full.leave()
    assert not full.enter_at_once()
    await use("late")
    await asyncio.gather(*waiting)
    assert order == ["a", "b", "c", "late"]
    assert full.enter_at_once()


async def test_the_urgent_are_served_next_and_are_not_turned_away(monkeypatch):
    monkeypatch.setattr(line, "WAITING_PER_CONNECTION", 1)
    full = line.Line(1, PATIENT)
    assert full.enter_at_once()
    usual = asyncio.create_task(enter(full))
    await settled()
    urgent = asyncio.create_task(enter(full, is_urgent=True))
    await settled()
    with pytest.raises(Overloaded) as refused:
        await enter(full)
    assert (refused.value.code, refused.value.retry_after_seconds) == ("overloaded", 1)
    full.leave()
    await urgent
    assert not usual.done()
    full.leave()
    await usual


async def test_a_database_that_answers_is_waited_for_and_not_for_ever(monkeypatch):
    short = line.Line(1, 0.01)
    assert short.enter_at_once()
    with pytest.raises(Unavailable) as silent:
        await enter(short)
    monkeypatch.setattr(line, "LONGEST_SECONDS", 0.02)
    assert (type(silent.value), silent.value.code) == (Unavailable, "unavailable")
    patient = line.Line(1, PATIENT)
    assert patient.enter_at_once()
    with pytest.raises(Overloaded):
        await enter(patient)
    assert (short.length, patient.length) == (0, 0)


async def test_who_waited_long_is_told_to_come_again_as_much_later(full, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(line.time, "monotonic", lambda: clock[0])
    waiting = asyncio.create_task(enter(full))
    await settled()
    clock[0] += 3.5
    full.leave()
    await waiting
    assert full.retry_seconds == 4
    clock[0] += 1000
    full.leave()
    assert full.retry_seconds == 1


@pytest.mark.parametrize("when", ["before", "together with"])
async def test_who_is_cancelled_before_or_as_its_turn_comes_leaves_the_place_to_the_next(full, when):
    first, second = (asyncio.create_task(enter(full)) for _ in range(2))
    await settled()
    if when == "before":
        first.cancel()
        await settled()
        full.leave()
    else:
        full.leave()
        first.cancel()
    await second
    assert first.cancelled()
    full.leave()
    assert full.enter_at_once()


async def test_what_was_not_heard_while_the_process_stood_still_is_no_outage(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(line.time, "monotonic", lambda: clock[0])
    one = line.Line(1, 0.01)
    assert one.enter_at_once()
    waiting = asyncio.create_task(enter(one))
    await settled()
    clock[0] += 4.0
    async with asyncio.timeout(PATIENT):
        while not one.is_answered:  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0)
    assert not waiting.done()
    clock[0] += 0.02
    with pytest.raises(Unavailable):
        await waiting
