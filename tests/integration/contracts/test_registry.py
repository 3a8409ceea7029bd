"""Bonds: what counts, what is leaving, who may take it."""

import typing

import pytest

DELAY = 100
ETHER = 10**18
INTENT_ID = b"\x11" * 32


@pytest.fixture
def registry(world: typing.Any) -> typing.Any:
    return world.deploy(world.origin, "SolverRegistry", world.guardian, world.payee, DELAY)


@pytest.fixture
def bonded(world: typing.Any, registry: typing.Any) -> typing.Any:
    """The registry with a solver who has one ether."""
    registry.send("register", sender=world.solver, value=ETHER)
    return registry


def bond_of(registry: typing.Any, solver: str) -> tuple[int, int]:
    found = registry.call("bondOf", solver)
    return found.bond, found.inWithdrawal


def test_registration_takes_the_bond(world: typing.Any, registry: typing.Any):
    assert not registry.call("bondOf", world.solver).registered
    receipt = registry.send("register", sender=world.solver, value=ETHER)
    assert receipt.event("SolverRegistered") == {"solver": world.solver, "bond": ETHER}
    assert registry.call("bondOf", world.solver) == (ETHER, 0, 0, True)


def test_registry_says_who_guards_it(world: typing.Any, registry: typing.Any):
    assert registry.call("guardian") == world.guardian
    assert registry.call("treasury") == world.payee
    assert registry.call("withdrawalDelay") == DELAY


def test_solver_registers_once(world: typing.Any, bonded: typing.Any):
    with world.reverts("AlreadyRegistered", world.solver):
        bonded.send("register", sender=world.solver, value=ETHER)


def test_stranger_has_no_bond_to_change(world: typing.Any, bonded: typing.Any):
    with world.reverts("NotRegistered", world.stranger):
        bonded.send("deposit", sender=world.stranger, value=1)
    with world.reverts("NotRegistered", world.stranger):
        bonded.send("requestWithdrawal", 1, sender=world.stranger)
    with world.reverts("NotRegistered", world.stranger):
        bonded.send("withdraw", sender=world.stranger)
    with world.reverts("NotRegistered", world.stranger):
        bonded.send("slash", world.stranger, 1, INTENT_ID, sender=world.guardian)


def test_deposit_adds_to_the_bond(world: typing.Any, bonded: typing.Any):
    receipt = bonded.send("deposit", sender=world.solver, value=5)
    assert receipt.event("BondChanged") == {"solver": world.solver, "bond": ETHER + 5, "inWithdrawal": 0}
    assert bond_of(bonded, world.solver) == (ETHER + 5, 0)


def test_zero_changes_nothing(world: typing.Any, bonded: typing.Any):
    with world.reverts("ZeroAmount"):
        bonded.send("deposit", sender=world.solver)
    with world.reverts("ZeroAmount"):
        bonded.send("requestWithdrawal", 0, sender=world.solver)
    with world.reverts("ZeroAmount"):
        bonded.send("slash", world.solver, 0, INTENT_ID, sender=world.guardian)


def test_bond_in_withdrawal_does_not_count(world: typing.Any, bonded: typing.Any):
    receipt = bonded.send("requestWithdrawal", 400, sender=world.solver)
    assert receipt.event("BondChanged") == {"solver": world.solver, "bond": ETHER - 400, "inWithdrawal": 400}
    found = bonded.call("bondOf", world.solver)
    assert found == (ETHER - 400, 400, world.origin.chain.now + DELAY, True)


def test_no_more_is_withdrawn_than_counts(world: typing.Any, bonded: typing.Any):
    bonded.send("requestWithdrawal", 1, sender=world.solver)
    with world.reverts("InsufficientBond", ETHER - 1, ETHER):
        bonded.send("requestWithdrawal", ETHER, sender=world.solver)


def test_withdrawal_waits_for_the_delay_and_pays_once(world: typing.Any, bonded: typing.Any):
    chain = world.origin.chain
    bonded.send("requestWithdrawal", ETHER, sender=world.solver)
    at = chain.now + DELAY
    chain.warp(at - 1)
    with world.reverts("WithdrawalTooEarly", at):
        bonded.send("withdraw", sender=world.solver)
    chain.warp(at)
    receipt = bonded.send("withdraw", sender=world.solver)
    assert receipt.event("BondChanged") == {"solver": world.solver, "bond": 0, "inWithdrawal": 0}
    assert chain.balance(bonded.address) == 0
    with world.reverts("NothingToWithdraw"):
        bonded.send("withdraw", sender=world.solver)


def test_second_request_starts_the_delay_again(world: typing.Any, bonded: typing.Any):
    chain = world.origin.chain
    first = chain.now + DELAY
    bonded.send("requestWithdrawal", 1, sender=world.solver)
    chain.warp(first - 1)
    bonded.send("requestWithdrawal", 1, sender=world.solver)
    chain.warp(first)
    with world.reverts("WithdrawalTooEarly", first - 1 + DELAY):
        bonded.send("withdraw", sender=world.solver)
    chain.warp(first - 1 + DELAY)
    bonded.send("withdraw", sender=world.solver)
    assert chain.balance(bonded.address) == ETHER - 2


def test_withdrawal_leaves_the_bonds_of_others(world: typing.Any, bonded: typing.Any):
    bonded.send("register", sender=world.rival, value=7)
    bonded.send("requestWithdrawal", ETHER, sender=world.solver)
    world.origin.chain.warp(world.origin.chain.now + DELAY)
    bonded.send("withdraw", sender=world.solver)
    assert world.origin.chain.balance(bonded.address) == 7
    assert bond_of(bonded, world.rival) == (7, 0)


def test_slash_goes_to_the_treasury(world: typing.Any, bonded: typing.Any):
    chain = world.origin.chain
    before = chain.balance(world.payee)
    receipt = bonded.send("slash", world.solver, 300, INTENT_ID, sender=world.guardian)
    assert receipt.event("SolverSlashed") == {"solver": world.solver, "amount": 300, "intentId": INTENT_ID}
    assert receipt.event("BondChanged") == {"solver": world.solver, "bond": ETHER - 300, "inWithdrawal": 0}
    assert chain.balance(world.payee) == before + 300


def test_slash_takes_what_counts_before_what_is_leaving(world: typing.Any, bonded: typing.Any):
    bonded.send("requestWithdrawal", ETHER - 10, sender=world.solver)
    bonded.send("slash", world.solver, 4, INTENT_ID, sender=world.guardian)
    assert bond_of(bonded, world.solver) == (6, ETHER - 10)
    bonded.send("slash", world.solver, 7, INTENT_ID, sender=world.guardian)
    assert bond_of(bonded, world.solver) == (0, ETHER - 11)
    bonded.send("slash", world.solver, ETHER - 11, INTENT_ID, sender=world.guardian)
    assert bond_of(bonded, world.solver) == (0, 0)
    assert world.origin.chain.balance(bonded.address) == 0


def test_slash_takes_no_more_than_there_is(world: typing.Any, bonded: typing.Any):
    bonded.send("register", sender=world.rival, value=ETHER)
    bonded.send("requestWithdrawal", 1, sender=world.solver)
    with world.reverts("InsufficientBond", ETHER, ETHER + 1):
        bonded.send("slash", world.solver, ETHER + 1, INTENT_ID, sender=world.guardian)


def test_only_the_guardian_slashes(world: typing.Any, bonded: typing.Any):
    with world.reverts("NotGuardian"):
        bonded.send("slash", world.solver, 1, INTENT_ID, sender=world.deployer)


def test_receiver_that_refuses_coin_keeps_his_bond(world: typing.Any, registry: typing.Any):
    wallet = world.deploy(world.origin, "ContractWallet", world.stranger)
    for call in (registry.encode("register"), registry.encode("requestWithdrawal", 5)):
        wallet.send("execute", registry.address, call, value=5 if call == registry.encode("register") else 0)
    world.origin.chain.warp(world.origin.chain.now + DELAY)
    with world.reverts("TransferFailed", wallet.address):
        wallet.send("execute", registry.address, registry.encode("withdraw"))
    assert bond_of(registry, wallet.address) == (0, 5)


@pytest.mark.parametrize("fault", ["guardian", "treasury", "delay"])
def test_registry_without_guardian_treasury_or_sane_delay_is_not_deployed(world: typing.Any, fault: str):
    args = {"guardian": world.guardian, "treasury": world.payee, "delay": DELAY}
    args[fault] = 2**64 if fault == "delay" else world.zero
    with world.reverts("InvalidConfiguration"):
        world.deploy(world.origin, "SolverRegistry", *args.values())


def test_plain_coin_is_no_bond(world: typing.Any, registry: typing.Any):
    with pytest.raises(world.Reverted):
        world.origin.chain.transact(world.solver, registry.address, b"", 1)
