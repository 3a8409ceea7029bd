"""Opening: who may, on which chain, until when, and that a nonce works once."""

import typing

import pytest

DAY = 86_400


def test_user_opens_his_own_intent_without_a_solver(world: typing.Any):
    intent = world.intent()
    opened = world.origin.settler.send("open", intent, sender=world.user).event("IntentOpened")
    assert opened["solver"] == world.zero
    assert opened["outputAmount"] == intent.minOutputAmount
    assert opened["intentId"] == world.digest("Intent", intent)


def test_escrow_records_what_a_payout_needs(world: typing.Any):
    match = world.match()
    settler = world.origin.settler
    assert settler.call("escrowOf", match.intent_id) == (0, world.zero, 0, 0, world.zero, 0)
    world.open(match)
    escrow = settler.call("escrowOf", match.intent_id)
    assert escrow.inputAmount == match.intent.inputAmount
    assert escrow.inputToken == match.intent.inputToken
    assert escrow.destinationDomain == world.destination.domain
    assert escrow.status == 1
    assert escrow.user == world.user
    assert escrow.fillDeadline == match.intent.fillDeadline
    assert settler.call("nonceUsed", world.user, match.intent.nonce)


def test_stranger_cannot_open_for_himself_what_another_user_offers(world: typing.Any):
    with world.reverts("NotUser"):
        world.origin.settler.send("open", world.intent(), sender=world.stranger)


def test_only_the_awarded_solver_opens(world: typing.Any):
    match = world.match()
    with world.reverts("NotAwarded", world.solver):
        world.origin.settler.send("openFor", *match.open_args, sender=world.rival)


@pytest.mark.parametrize("function", ["open", "openFor"])
def test_open_on_another_chain_is_refused(world: typing.Any, function: str):
    match = world.match()
    args, sender = ((match.intent,), world.user) if function == "open" else (match.open_args, world.solver)
    with world.reverts("WrongChain", 31337, 31338):
        world.destination.settler.send(function, *args, sender=sender)


def test_destination_must_be_another_chain(world: typing.Any):
    with world.reverts("SameChain"):
        world.origin.settler.send("open", world.intent(destinationChainId=31337), sender=world.user)


def test_destination_must_have_a_settler(world: typing.Any):
    with world.reverts("UnknownChain", 1):
        world.origin.settler.send("open", world.intent(destinationChainId=1), sender=world.user)


@pytest.mark.parametrize("who", ["zero", "origin", "destination"])
def test_recipient_is_neither_zero_nor_a_settler(world: typing.Any, who: str):
    sides = {"origin": world.origin, "destination": world.destination}
    recipient = sides[who].settler.address if who in sides else world.zero
    with world.reverts("InvalidRecipient"):
        world.origin.settler.send("open", world.intent(recipient=recipient), sender=world.user)
    with world.reverts("InvalidRecipient"):
        world.open(world.match(world.intent(recipient=recipient)))


def test_open_deadline_is_inclusive(world: typing.Any):
    match, late = world.match(), world.match()
    world.origin.chain.warp(match.intent.openDeadline)
    world.open(match)
    world.origin.chain.warp(match.intent.openDeadline + 1)
    with world.reverts("OpenDeadlinePassed", late.intent.openDeadline):
        world.origin.settler.send("open", late.intent, sender=world.user)


def test_open_by_of_the_award_is_inclusive(world: typing.Any):
    open_by = world.origin.chain.now + 60
    match, late = world.match(openBy=open_by), world.match(openBy=open_by)
    world.origin.chain.warp(open_by)
    world.open(match)
    world.origin.chain.warp(open_by + 1)
    with world.reverts("OpenByPassed", open_by):
        world.open(late)


def test_stale_award_does_not_stop_a_fresh_one(world: typing.Any):
    intent = world.intent()
    stale = world.match(intent, openBy=world.origin.chain.now)
    fresh = world.match(intent, solver=world.rival)
    world.origin.chain.warp(world.origin.chain.now + 1)
    with world.reverts("OpenByPassed"):
        world.open(stale)
    assert world.open(fresh).event("IntentOpened")["solver"] == world.rival


def test_fill_deadline_before_open_deadline_is_refused(world: typing.Any):
    now = world.origin.chain.now
    intent = world.intent(openDeadline=now + 10, fillDeadline=now + 9)
    with world.reverts("InvalidDeadlines"):
        world.origin.settler.send("open", intent, sender=world.user)


def test_equal_deadlines_thirty_days_ahead_are_the_limit(world: typing.Any):
    limit = world.origin.chain.now + 30 * DAY
    for deadline in (limit + 1, 2**64 - 1):
        intent = world.intent(fillDeadline=deadline)
        with world.reverts("InvalidDeadlines"):
            world.origin.settler.send("open", intent, sender=world.user)
    intent = world.intent(openDeadline=limit, fillDeadline=limit)
    assert world.origin.settler.send("open", intent, sender=world.user).has("IntentOpened")


def test_intent_opens_once(world: typing.Any):
    match = world.match()
    world.open(match)
    world.fund(world.origin, world.user, match.intent.inputAmount)
    with world.reverts("NonceAlreadyUsed", world.user, match.intent.nonce):
        world.open(match)
    with world.reverts("NonceAlreadyUsed", world.user, match.intent.nonce):
        world.origin.settler.send("open", match.intent, sender=world.user)


def test_nonce_serves_one_intent(world: typing.Any):
    match = world.match()
    world.open(match)
    with world.reverts("NonceAlreadyUsed"):
        world.open(world.match(world.intent(nonce=match.intent.nonce, minOutputAmount=1)))


def test_invalidated_nonce_cannot_open(world: typing.Any):
    match = world.match()
    receipt = world.origin.settler.send("invalidateNonce", match.intent.nonce, sender=world.user)
    assert receipt.event("NonceInvalidated") == {"user": world.user, "nonce": match.intent.nonce}
    with world.reverts("NonceAlreadyUsed", world.user, match.intent.nonce):
        world.open(match)
    with world.reverts("NonceAlreadyUsed", world.user, match.intent.nonce):
        world.origin.settler.send("invalidateNonce", match.intent.nonce, sender=world.user)


def test_invalidating_a_nonce_touches_no_other_user(world: typing.Any):
    match = world.match()
    world.origin.settler.send("invalidateNonce", match.intent.nonce, sender=world.stranger)
    assert world.open(match).has("IntentOpened")


def test_nonce_of_an_opened_intent_cannot_be_invalidated(world: typing.Any):
    match = world.match()
    world.open(match)
    with world.reverts("NonceAlreadyUsed", world.user, match.intent.nonce):
        world.origin.settler.send("invalidateNonce", match.intent.nonce, sender=world.user)


def test_award_of_another_intent_is_refused(world: typing.Any):
    match, other = world.match(), world.match()
    args = (match.intent, match.user_signature, other.award, other.award_signature)
    with world.reverts("WrongAward", other.intent_id):
        world.origin.settler.send("openFor", *args, sender=world.solver)


def test_award_below_the_minimum_is_refused(world: typing.Any):
    intent = world.intent()
    low = intent.minOutputAmount - 1
    with world.reverts("OutputBelowMinimum", low, intent.minOutputAmount):
        world.open(world.match(intent, outputAmount=low))


def test_award_signed_by_a_stranger_is_refused(world: typing.Any):
    match = world.match()
    signature = world.sign(world.stranger, "Award", match.award)
    args = (match.intent, match.user_signature, match.award, signature)
    with world.reverts("InvalidAwardSignature"):
        world.origin.settler.send("openFor", *args, sender=world.solver)


def test_award_of_another_amount_than_signed_is_refused(world: typing.Any):
    match = world.match()
    award = match.award._replace(outputAmount=match.award.outputAmount + 1)
    args = (match.intent, match.user_signature, award, match.award_signature)
    with world.reverts("InvalidAwardSignature"):
        world.origin.settler.send("openFor", *args, sender=world.solver)


def test_award_under_the_destination_domain_is_refused(world: typing.Any):
    match = world.match()
    signature = world.sign(world.auctioneer, "Award", match.award, world.destination)
    args = (match.intent, match.user_signature, match.award, signature)
    with world.reverts("InvalidAwardSignature"):
        world.origin.settler.send("openFor", *args, sender=world.solver)


def test_without_auctioneer_anyone_opens_with_an_empty_award_signature(world: typing.Any):
    match = world.match(world.intent(auctioneer=world.zero), solver=world.stranger)
    assert world.open(match).event("IntentOpened")["solver"] == world.stranger


def test_without_auctioneer_an_award_signature_is_refused(world: typing.Any):
    match = world.match(world.intent(auctioneer=world.zero))
    args = (match.intent, match.user_signature, match.award, world.sign(world.auctioneer, "Award", match.award))
    with world.reverts("InvalidAwardSignature"):
        world.origin.settler.send("openFor", *args, sender=world.solver)


def test_without_auctioneer_the_users_signature_still_counts(world: typing.Any):
    match = world.match(world.intent(auctioneer=world.zero))
    with world.reverts("InvalidUserSignature"):
        world.origin.settler.send("openFor", match.intent, b"", match.award, b"", sender=world.solver)


def test_open_without_allowance_moves_nothing(world: typing.Any):
    intent = world.intent(inputAmount=10**12)
    world.origin.token.send("approve", world.origin.settler.address, 1, sender=world.user)
    with world.reverts("ERC20InsufficientAllowance", world.origin.settler.address, 1, 10**12):
        world.origin.settler.send("open", intent, sender=world.user)
    assert not world.origin.settler.call("nonceUsed", world.user, intent.nonce)


def test_open_without_balance_moves_nothing(world: typing.Any):
    intent = world.intent(inputAmount=10**12)
    balance = world.origin.token.call("balanceOf", world.user)
    world.origin.token.send("transfer", world.stranger, balance, sender=world.user)
    with world.reverts("ERC20InsufficientBalance", world.user, 0, 10**12):
        world.origin.settler.send("open", intent, sender=world.user)
