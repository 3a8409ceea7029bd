"""Filling: by the awarded solver, in time, once, with the mailbox paid."""

import typing


def test_fill_is_recorded_for_the_message(world: typing.Any):
    match = world.match()
    world.fill(match)
    outcome = world.destination.settler.call("filledBy", match.intent_id)
    assert outcome.solver == world.solver
    assert outcome.originDomain == world.origin.domain
    assert outcome.status == 1
    assert outcome.repayTo == world.payee
    assert outcome.outputAmount == match.award.outputAmount


def test_fill_on_another_chain_is_refused(world: typing.Any):
    match = world.match()
    args = match.fill_args(world.payee)
    with world.reverts("WrongChain", 31338, 31337):
        world.origin.settler.send("fill", *args, sender=world.solver, value=world.fee)


def test_fill_from_an_unknown_origin_is_refused(world: typing.Any):
    match = world.match(world.intent(originChainId=1))
    with world.reverts("UnknownChain", 1):
        world.fill(match)


def test_fill_whose_origin_is_the_destination_is_refused(world: typing.Any):
    match = world.match(world.intent(originChainId=31338))
    with world.reverts("SameChain"):
        world.fill(match)


def test_only_the_awarded_solver_fills(world: typing.Any):
    match = world.match()
    args = match.fill_args(world.payee)
    with world.reverts("NotAwarded", world.solver):
        world.destination.settler.send("fill", *args, sender=world.rival, value=world.fee)


def test_award_of_another_intent_fills_nothing(world: typing.Any):
    match, other = world.match(), world.match()
    args = (match.intent, other.award, other.award_signature, world.payee)
    with world.reverts("WrongAward", other.intent_id):
        world.destination.settler.send("fill", *args, sender=world.solver, value=world.fee)


def test_award_not_signed_by_the_auctioneer_fills_nothing(world: typing.Any):
    match = world.match()
    args = (match.intent, match.award, world.sign(world.solver, "Award", match.award), world.payee)
    with world.reverts("InvalidAwardSignature"):
        world.destination.settler.send("fill", *args, sender=world.solver, value=world.fee)


def test_award_signed_under_the_destinations_own_domain_fills_nothing(world: typing.Any):
    match = world.match()
    signature = world.sign(world.auctioneer, "Award", match.award, world.destination)
    args = (match.intent, match.award, signature, world.payee)
    with world.reverts("InvalidAwardSignature"):
        world.destination.settler.send("fill", *args, sender=world.solver, value=world.fee)


def test_fill_below_the_minimum_is_refused(world: typing.Any):
    intent = world.intent()
    match = world.match(intent, outputAmount=intent.minOutputAmount - 1)
    with world.reverts("OutputBelowMinimum", intent.minOutputAmount - 1, intent.minOutputAmount):
        world.fill(match)


def test_repay_to_is_neither_zero_nor_the_origin_settler(world: typing.Any):
    match = world.match()
    for account in (world.zero, world.origin.settler.address):
        with world.reverts("InvalidRepayTo"):
            world.fill(match, repay_to=account)


def test_fill_by_of_the_award_is_inclusive(world: typing.Any):
    fill_by = world.destination.chain.now + 60
    match, late = world.match(fillBy=fill_by), world.match(fillBy=fill_by)
    world.destination.chain.warp(fill_by)
    world.fill(match)
    world.destination.chain.warp(fill_by + 1)
    with world.reverts("FillByPassed", fill_by):
        world.fill(late)


def test_fill_deadline_is_inclusive_and_outranks_the_award(world: typing.Any):
    match, late = world.match(fillBy=2**64 - 1), world.match(fillBy=2**64 - 1)
    world.destination.chain.warp(match.intent.fillDeadline)
    world.fill(match)
    world.destination.chain.warp(match.intent.fillDeadline + 1)
    with world.reverts("FillDeadlinePassed", late.intent.fillDeadline):
        world.fill(late)


def test_intent_is_filled_once(world: typing.Any):
    intent = world.intent()
    first, second = world.match(intent), world.match(intent, solver=world.rival)
    world.fill(first)
    for match in (first, second):
        with world.reverts("AlreadyFilled", match.intent_id):
            world.fill(match)
    assert world.destination.token.call("balanceOf", world.recipient) == first.award.outputAmount


def test_without_auctioneer_anyone_fills_naming_himself(world: typing.Any):
    match = world.match(world.intent(auctioneer=world.zero), solver=world.stranger)
    assert match.award_signature == b""
    assert world.fill(match).event("IntentFilled")["solver"] == world.stranger


def test_without_auctioneer_the_minimum_and_the_sender_still_count(world: typing.Any):
    intent = world.intent(auctioneer=world.zero)
    with world.reverts("OutputBelowMinimum"):
        world.fill(world.match(intent, outputAmount=intent.minOutputAmount - 1))
    args = world.match(intent).fill_args(world.payee)
    with world.reverts("NotAwarded", world.solver):
        world.destination.settler.send("fill", *args, sender=world.rival, value=world.fee)


def test_solver_who_is_the_recipient_keeps_his_tokens(world: typing.Any):
    match = world.match(world.intent(recipient=world.solver))
    before = world.destination.token.call("balanceOf", world.solver)
    world.fill(match)
    assert world.destination.token.call("balanceOf", world.solver) == before


def test_solver_without_output_tokens_fills_nothing(world: typing.Any):
    match = world.match()
    balance = world.destination.token.call("balanceOf", world.solver)
    world.destination.token.send("transfer", world.stranger, balance, sender=world.solver)
    with world.reverts("ERC20InsufficientBalance", world.solver, 0, match.award.outputAmount):
        world.fill(match)


def test_underpaid_fill_is_refused(world: typing.Any):
    match = world.match()
    with world.reverts("InsufficientFee", world.fee, world.fee - 1):
        world.fill(match, value=world.fee - 1)
    assert world.destination.settler.call("filledBy", match.intent_id).status == 0


def test_what_is_paid_above_the_fee_returns(world: typing.Any):
    chain, settler, mailbox = (
        world.destination.chain,
        world.destination.settler.address,
        world.destination.mailbox.address,
    )
    chain.rpc("anvil_setNextBlockBaseFeePerGas", "0x0")
    fees = chain.balance(mailbox)
    world.fill(world.match(), value=7 * world.fee)
    assert chain.balance(settler) == 0
    assert chain.balance(mailbox) == fees + world.fee


def test_solver_that_refuses_his_excess_pays_exactly(world: typing.Any):
    wallet = world.deploy(world.destination, "ContractWallet", world.solver)
    match = world.match(solver=wallet.address)
    token, settler = world.destination.token, world.destination.settler
    token.send("mint", wallet.address, match.award.outputAmount)
    wallet.send("execute", token.address, token.encode("approve", settler.address, match.award.outputAmount))
    call = settler.encode("fill", *match.fill_args(world.payee))
    with world.reverts("ExcessNotAccepted"):
        wallet.send("execute", settler.address, call, value=world.fee + 1)
    receipt = wallet.send("execute", settler.address, call, value=world.fee)
    assert receipt.event("IntentFilled")["solver"] == wallet.address


def test_message_says_who_filled_and_whom_to_repay(world: typing.Any):
    match = world.match()
    dispatch = world.fill(match).event("Dispatch")
    body = dispatch["message"][77:]
    words = [body[i : i + 32] for i in range(0, len(body), 32)]
    assert dispatch["destination"] == world.origin.domain
    assert dispatch["recipient"][12:].hex() == world.origin.settler.address[2:]
    assert int.from_bytes(words[0]) == 1
    assert words[1] == match.intent_id
    assert words[2].hex()[24:] == world.solver[2:]
    assert words[3].hex()[24:] == world.payee[2:]
    assert int.from_bytes(words[4]) == match.award.outputAmount
    assert len(words) == 5
