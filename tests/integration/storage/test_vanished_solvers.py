"""A solver that vanishes with its blocks is as unknown as one that never was."""

import pytest

from orbital.domain import facts
from orbital.domain.solver import Registration
from orbital.domain.types import Address, UnixSeconds
from orbital.storage import chains, profiles, scores, solvers

SOLVER, OTHER = Address(b"\x05" * 20), Address(b"\x06" * 20)


@pytest.fixture
async def vanished(connection, history):
    """Both registered in block 1, were scored, and are gone with that block; the other has a profile."""
    await history.bind(connection)
    await history.put(connection, history.block(history.origin, 0))
    await _register_both(connection, history)
    told = Registration(OTHER, "Other", (history.origin,), 1, "", 0, UnixSeconds(1))
    assert await profiles.register(connection, told, b"signature")
    await scores.score(connection, [SOLVER, OTHER])
    await chains.rollback(connection, history.origin, 0, history.rules)


async def _register_both(connection, history):
    both = [(None, facts.SolverRegistered(one, 10**18)) for one in (SOLVER, OTHER)]
    await history.put(connection, history.block(history.origin, 1, *both))


async def test_it_is_known_only_by_its_profile(connection, vanished):
    assert await solvers.find(connection, SOLVER) is None
    kept = await solvers.find(connection, OTHER)
    assert (kept.bond_wei, kept.profile.name) == (0, "Other")
    assert [address for _, address in await solvers.list_best(connection, None, 0, 10)] == [OTHER]
    assert [one.address for one in await scores.list_known(connection, Address(b""), 10)] == [OTHER]


async def test_it_comes_back_with_its_block(connection, history, vanished):
    await _register_both(connection, history)
    assert (
        (await solvers.find(connection, SOLVER)).bond_wei == (await solvers.find(connection, OTHER)).bond_wei == 10**18
    )


async def test_a_score_that_was_counted_meanwhile_does_not_stay(connection, vanished):
    await scores.score(connection, [SOLVER, OTHER])
    assert await connection.fetchval("SELECT array_agg(address) FROM solver_scores") == [OTHER]
