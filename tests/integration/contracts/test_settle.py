"""The way back: a fill's message settles the escrow, once, and nobody else's message does."""

import typing

import eth_abi
import eth_utils
import pytest


def body_of(kind: int, intent_id: typing.Any, solver: typing.Any, repay_to: typing.Any, amount: int = 1):
    return eth_abi.encode(
        ["uint8", "bytes32", "address", "address", "uint256"], [kind, intent_id, solver, repay_to, amount]
    )


def deliver(world: typing.Any, body: typing.Any, *, domain: int | None = None, sender: str | None = None):
    """A message that the validator signed, whoever it says it is from."""
    side = world.origin
    sender = bytes.fromhex((sender or world.destination.settler.address)[2:]).rjust(32, b"\0")
    recipient = bytes.fromhex(side.settler.address[2:]).rjust(32, b"\0")
    domain = world.destination.domain if domain is None else domain
    parts = [3, 7, domain, sender, side.domain, recipient, body]
    message = b"".join(
        part if isinstance(part, bytes) else part.to_bytes(width)
        for part, width in zip(parts, (1, 4, 4, 0, 4, 0, 0), strict=True)
    )
    digest = eth_utils.keccak(b"\x19Ethereum Signed Message:\n32" + eth_utils.keccak(message))
    return side.mailbox.send("process", world.sign_hash(world.validator, digest), message)


def test_filled_intent_pays_recipient_and_repay_to(world: typing.Any):
    match = world.match()
    world.open(match)
    assert world.origin.token.call("balanceOf", world.origin.settler.address) == match.intent.inputAmount
    filled = world.fill(match)
    assert filled.event("IntentFilled") == {
        "intentId": match.intent_id,
        "solver": world.solver,
        "recipient": world.recipient,
        "outputToken": match.intent.outputToken,
        "outputAmount": match.award.outputAmount,
        "originChainId": 31337,
        "repayTo": world.payee,
    }
    assert world.destination.token.call("balanceOf", world.recipient) == match.award.outputAmount
    settled = world.relay(filled)
    assert settled.event("IntentSettled") == {
        "intentId": match.intent_id,
        "solver": world.solver,
        "repayTo": world.payee,
        "inputToken": match.intent.inputToken,
        "inputAmount": match.intent.inputAmount,
    }
    assert world.origin.token.call("balanceOf", world.payee) == match.intent.inputAmount
    assert world.origin.token.call("balanceOf", world.origin.settler.address) == 0
    assert world.origin.settler.call("escrowOf", match.intent_id).status == 2


def test_events_carry_the_published_signatures(world: typing.Any):
    match = world.match()
    opened = world.open(match)
    intent = "(address,address,uint256,uint256,address,uint256,address,uint256,uint256,uint64,uint64,address)"
    assert opened.logs[-1][1][0] == eth_utils.keccak(text=f"IntentOpened(bytes32,address,address,{intent},uint256)")
    filled = world.fill(match)
    topics = [log[1][0] for log in filled.logs]
    assert eth_utils.keccak(text="IntentFilled(bytes32,address,address,address,uint256,uint256,address)") in topics
    assert opened.event("IntentOpened")["intent"] == tuple(match.intent)


def test_message_pays_whoever_filled(world: typing.Any):
    intent = world.intent()
    world.open(world.match(intent))
    settled = world.relay(world.fill(world.match(intent, solver=world.rival), repay_to=world.rival))
    assert settled.event("IntentSettled")["solver"] == world.rival
    assert world.origin.token.call("balanceOf", world.rival) == intent.inputAmount


def test_intent_that_its_user_opened_is_settled_alike(world: typing.Any):
    match = world.match()
    world.origin.settler.send("open", match.intent, sender=world.user)
    assert world.relay(world.fill(match)).has("IntentSettled")


def test_handle_is_for_the_mailbox_only(world: typing.Any):
    match = world.match()
    world.open(match)
    sender = bytes.fromhex(world.destination.settler.address[2:]).rjust(32, b"\0")
    body = body_of(1, match.intent_id, world.stranger, world.stranger)
    with world.reverts("NotMailbox"):
        world.origin.settler.send("handle", world.destination.domain, sender, body, sender=world.stranger)


def test_message_of_a_stranger_is_refused(world: typing.Any):
    match = world.match()
    world.open(match)
    body = body_of(1, match.intent_id, world.stranger, world.stranger)
    with world.reverts("NotPeer"):
        deliver(world, body, sender=world.stranger)


def test_zero_sender_of_an_unknown_domain_is_refused(world: typing.Any):
    match = world.match()
    world.open(match)
    body = body_of(1, match.intent_id, world.stranger, world.stranger)
    for domain in (0, 4242):
        with world.reverts("NotPeer", domain, bytes(32)):
            deliver(world, body, domain=domain, sender=world.zero)


def test_peer_in_the_name_of_an_unknown_domain_is_refused(world: typing.Any):
    match = world.match()
    world.open(match)
    with world.reverts("NotPeer"):
        deliver(world, body_of(1, match.intent_id, world.solver, world.payee), domain=31338)


def test_peer_of_another_chain_than_the_destination_is_refused(world: typing.Any):
    third = world.stranger
    settler = world.deploy(world.origin, "IntentSettler", 30)
    peers = [
        (31338, world.destination.settler.address, world.destination.domain),
        (5, third, 5005),
    ]
    settler.send("configure", world.origin.mailbox.address, peers)
    world.origin.token.send("approve", settler.address, 2**256 - 1, sender=world.user)
    intent = world.intent()
    settler.send("open", intent, sender=world.user)
    body = body_of(1, settler.call("intentId", intent), world.stranger, world.stranger)
    domain, sender = 5005, bytes.fromhex(third[2:]).rjust(32, b"\0")
    world.origin.chain.rpc("anvil_impersonateAccount", world.origin.mailbox.address)
    world.origin.chain.rpc("anvil_setBalance", world.origin.mailbox.address, hex(10**18))
    with world.reverts("NotPeer", domain, sender):
        settler.send("handle", domain, sender, body, sender=world.origin.mailbox.address)
    world.origin.chain.rpc("anvil_stopImpersonatingAccount", world.origin.mailbox.address)


def test_message_before_the_open_stays_deliverable(world: typing.Any):
    match = world.match()
    filled = world.fill(match)
    with world.reverts("NoEscrow", match.intent_id):
        world.relay(filled)
    world.open(match)
    assert world.relay(filled).has("IntentSettled")


def test_second_delivery_pays_nothing_and_says_so(world: typing.Any):
    first, other = world.match(), world.match()
    world.open(first)
    world.open(other)
    filled = world.fill(first)
    world.relay(filled)
    with world.reverts("AlreadyDelivered"):
        world.relay(filled)
    again = world.destination.settler.send("resend", first.intent_id, sender=world.stranger, value=world.fee)
    ignored = world.relay(again)
    assert ignored.event("MessageIgnored") == {"intentId": first.intent_id, "kind": 1, "status": 2}
    assert not ignored.has("Transfer")
    assert world.origin.token.call("balanceOf", world.payee) == first.intent.inputAmount
    assert world.origin.token.call("balanceOf", world.origin.settler.address) == other.intent.inputAmount


@pytest.mark.parametrize("kind", [0, 3, 255])
def test_message_of_an_unknown_kind_is_refused(world: typing.Any, kind: int):
    match = world.match()
    world.open(match)
    with world.reverts("UnknownMessage", kind):
        deliver(world, body_of(kind, match.intent_id, world.solver, world.payee))


def test_truncated_message_is_refused(world: typing.Any):
    match = world.match()
    world.open(match)
    with pytest.raises(world.Reverted):
        deliver(world, body_of(1, match.intent_id, world.solver, world.payee)[:-1])
    assert world.origin.settler.call("escrowOf", match.intent_id).status == 1
