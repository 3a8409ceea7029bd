"""Unfilled intents: expire on the destination, refund on the origin, and how both meet fills that come late."""

import typing

import pytest


def expire(world: typing.Any, intent: typing.Any, value: int | None = None):
    value = world.fee if value is None else value
    return world.destination.settler.send("expire", intent, sender=world.stranger, value=value)


def refund(world: typing.Any, intent: typing.Any):
    return world.origin.settler.send("refund", intent, sender=world.stranger)


def test_expired_intent_is_paid_back_at_once(world: typing.Any):
    match = world.match()
    world.open(match)
    before = world.origin.token.call("balanceOf", world.user)
    world.destination.chain.warp(match.intent.fillDeadline + 1)
    expired = expire(world, match.intent)
    assert expired.event("IntentExpired") == {"intentId": match.intent_id, "originChainId": 31337}
    refunded = world.relay(expired)
    assert refunded.event("IntentRefunded") == {
        "intentId": match.intent_id,
        "user": world.user,
        "inputToken": match.intent.inputToken,
        "inputAmount": match.intent.inputAmount,
    }
    assert world.origin.token.call("balanceOf", world.user) == before + match.intent.inputAmount
    assert world.origin.settler.call("escrowOf", match.intent_id).status == 3


def test_intent_expires_only_after_the_fill_deadline(world: typing.Any):
    match = world.match()
    world.destination.chain.warp(match.intent.fillDeadline)
    with world.reverts("FillDeadlineNotPassed", match.intent.fillDeadline):
        expire(world, match.intent)


def test_expired_intent_is_never_fillable_and_expires_once(world: typing.Any):
    match = world.match()
    world.destination.chain.warp(match.intent.fillDeadline + 1)
    expire(world, match.intent)
    with world.reverts("AlreadyExpired", match.intent_id):
        world.fill(match)
    with world.reverts("AlreadyExpired", match.intent_id):
        expire(world, match.intent)
    assert world.destination.settler.call("filledBy", match.intent_id).status == 2


def test_filled_intent_does_not_expire(world: typing.Any):
    match = world.match()
    world.fill(match)
    world.destination.chain.warp(match.intent.fillDeadline + 1)
    with world.reverts("AlreadyFilled", match.intent_id):
        expire(world, match.intent)


def test_expire_needs_the_destination_a_peer_and_two_chains(world: typing.Any):
    now = world.destination.chain.now
    short = {"openDeadline": now + 1, "fillDeadline": now + 1}
    for side in (world.origin, world.destination):
        side.chain.warp(now + 2)
    with world.reverts("WrongChain", 31338, 31337):
        world.origin.settler.send("expire", world.intent(**short), value=world.fee)
    with world.reverts("UnknownChain", 1):
        expire(world, world.intent(originChainId=1, **short))
    with world.reverts("SameChain"):
        expire(world, world.intent(originChainId=31338, **short))


def test_underpaid_expire_and_resend_are_refused(world: typing.Any):
    match = world.match()
    world.destination.chain.warp(match.intent.fillDeadline + 1)
    with world.reverts("InsufficientFee", world.fee, world.fee - 1):
        expire(world, match.intent, value=world.fee - 1)
    expire(world, match.intent)
    with world.reverts("InsufficientFee", world.fee, 0):
        world.destination.settler.send("resend", match.intent_id)


def test_refund_message_before_the_open_stays_deliverable(world: typing.Any):
    match = world.match()
    world.destination.chain.warp(match.intent.fillDeadline + 1)
    expired = expire(world, match.intent)
    with world.reverts("NoEscrow", match.intent_id):
        world.relay(expired)
    world.open(match)
    assert world.relay(expired).has("IntentRefunded")


def test_resend_repeats_the_stored_message(world: typing.Any):
    filled, unfilled = world.match(), world.match()
    first = [world.fill(filled)]
    world.destination.chain.warp(unfilled.intent.fillDeadline + 1)
    first.append(expire(world, unfilled.intent))
    for receipt, match in zip(first, (filled, unfilled), strict=True):
        again = world.destination.settler.send("resend", match.intent_id, sender=world.stranger, value=2 * world.fee)
        assert again.event("Dispatch")["message"][77:] == receipt.event("Dispatch")["message"][77:]
        assert again.event("DispatchId") != receipt.event("DispatchId")
    assert world.destination.chain.balance(world.destination.settler.address) == 0


def test_message_resent_before_delivery_settles_alike(world: typing.Any):
    match = world.match()
    world.open(match)
    world.fill(match)
    again = world.destination.settler.send("resend", match.intent_id, sender=world.stranger, value=world.fee)
    assert world.relay(again).has("IntentSettled")


def test_nothing_to_resend_before_fill_or_expire(world: typing.Any):
    match = world.match()
    with world.reverts("NoOutcome", match.intent_id):
        world.destination.settler.send("resend", match.intent_id, value=world.fee)


def test_refund_waits_for_the_delay(world: typing.Any):
    match = world.match()
    world.open(match)
    after = match.intent.fillDeadline + world.refund_delay
    world.origin.chain.warp(after)
    with world.reverts("RefundTooEarly", after):
        refund(world, match.intent)
    world.origin.chain.warp(after + 1)
    before = world.origin.token.call("balanceOf", world.user)
    assert refund(world, match.intent).has("IntentRefunded")
    assert world.origin.token.call("balanceOf", world.user) == before + match.intent.inputAmount


def test_refund_pays_once(world: typing.Any):
    match, other = world.match(), world.match()
    world.open(match)
    world.open(other)
    world.origin.chain.warp(match.intent.fillDeadline + world.refund_delay + 1)
    refund(world, match.intent)
    with world.reverts("EscrowClosed", match.intent_id):
        refund(world, match.intent)


def test_refund_after_settle_is_refused(world: typing.Any):
    match = world.match()
    world.open(match)
    world.relay(world.fill(match))
    world.origin.chain.warp(match.intent.fillDeadline + world.refund_delay + 1)
    with world.reverts("EscrowClosed", match.intent_id):
        refund(world, match.intent)


def test_refund_of_what_was_never_opened_is_refused(world: typing.Any):
    match = world.match()
    world.origin.chain.warp(match.intent.fillDeadline + world.refund_delay + 1)
    with world.reverts("NoEscrow", match.intent_id):
        refund(world, match.intent)
    with world.reverts("UnknownChain", 1):
        refund(world, match.intent._replace(originChainId=1))
    world.open(world.match(world.intent(openDeadline=world.origin.chain.now, fillDeadline=world.origin.chain.now)))
    changed = match.intent._replace(user=world.stranger)
    with world.reverts("NoEscrow"):
        refund(world, changed)


@pytest.mark.parametrize("late", ["fill", "expire"])
def test_message_after_the_refund_is_delivered_and_pays_nothing(world: typing.Any, late: str):
    match, other = world.match(), world.match()
    world.open(match)
    world.open(other)
    if late == "fill":
        receipt = world.fill(match)
    else:
        world.destination.chain.warp(match.intent.fillDeadline + 1)
        receipt = expire(world, match.intent)
    world.origin.chain.warp(match.intent.fillDeadline + world.refund_delay + 1)
    refund(world, match.intent)
    ignored = world.relay(receipt)
    kind = {"fill": 1, "expire": 2}[late]
    assert ignored.event("MessageIgnored") == {"intentId": match.intent_id, "kind": kind, "status": 3}
    assert not ignored.has("Transfer")
    assert world.origin.mailbox.call("delivered", receipt.event("DispatchId")["messageId"])
    assert world.origin.token.call("balanceOf", world.origin.settler.address) == other.intent.inputAmount
