"""How a solver stands, and what keeps it from bidding: the gravest reason first."""

import itertools

import pytest

from orbital.domain import auction, solver
from orbital.domain.solver import Obstacle, Profile, Solver, Status, Suspension
from orbital.domain.types import Address, Amount, UnixSeconds

NOW, MIN_BOND = UnixSeconds(1_800_000_000), Amount(10)
BENCHED = (UnixSeconds(NOW - 3), UnixSeconds(NOW - 2), UnixSeconds(NOW - 1))
FAULTS = (Status.SUSPENDED, Status.UNDER_BONDED, Status.BENCHED, Status.PAUSED)


def make_solver(faults: frozenset[Status]) -> Solver:
    return Solver(
        address=Address(b"\x05" * 20),
        bond_wei=Amount(MIN_BOND - (Status.UNDER_BONDED in faults)),
        in_withdrawal_wei=Amount(100),
        reputation=5000,
        registered_at=None,
        last_activity=None,
        profile=Profile("Lane", (1, 10), 5, "", is_paused=Status.PAUSED in faults),
        suspension=Suspension("Keys were stolen.", NOW) if Status.SUSPENDED in faults else None,
    )


def lapses_of(faults: frozenset[Status]) -> tuple[UnixSeconds, ...]:
    return BENCHED if Status.BENCHED in faults else ()


@pytest.mark.parametrize("chosen", list(itertools.product((False, True), repeat=len(FAULTS))), ids=str)
def test_the_gravest_of_all_faults_is_the_status(chosen: tuple[bool, ...]) -> None:
    faults = frozenset(itertools.compress(FAULTS, chosen))
    status = solver.status_of(make_solver(faults), lapses_of(faults), MIN_BOND, NOW)
    assert status is next((one for one in FAULTS if one in faults), Status.ACTIVE)


@pytest.mark.parametrize("chosen", list(itertools.product((False, True), repeat=len(FAULTS))), ids=str)
def test_only_an_active_solver_may_bid_and_only_bond_and_administrators_make_the_role(chosen: tuple[bool, ...]) -> None:
    faults = frozenset(itertools.compress(FAULTS, chosen))
    known = make_solver(faults)
    obstacle = solver.find_obstacle(known, lapses_of(faults), (1, 10), MIN_BOND, NOW)
    assert (obstacle is None) == (not faults)
    status = solver.status_of(known, lapses_of(faults), MIN_BOND, NOW)
    assert (obstacle is not None and obstacle.refusal is auction.Refusal.BENCHED) == (status is Status.BENCHED)
    assert solver.has_role(known, MIN_BOND) == faults.isdisjoint({Status.SUSPENDED, Status.UNDER_BONDED})


def test_a_bench_ends() -> None:
    until = auction.benched_until(BENCHED)
    known = make_solver(frozenset())
    assert solver.status_of(known, BENCHED, MIN_BOND, UnixSeconds(until - 1)) is Status.BENCHED
    assert solver.status_of(known, BENCHED, MIN_BOND, until) is Status.ACTIVE


@pytest.mark.parametrize(("chain_ids", "may"), [((1, 10), True), ((10, 1), True), ((1, 5), False), ((5, 6), False)])
def test_a_profile_binds_a_solver_to_its_chains(chain_ids: tuple[int, ...], may: bool) -> None:
    assert (solver.find_obstacle(make_solver(frozenset()), (), chain_ids, MIN_BOND, NOW) is None) == may


def test_who_is_not_known_has_no_bond() -> None:
    assert not solver.has_role(None, Amount(0))
    assert solver.find_obstacle(None, (), (1, 10), MIN_BOND, NOW) == Obstacle(
        auction.Refusal.NOT_ELIGIBLE, "The bond on chain does not suffice."
    )
