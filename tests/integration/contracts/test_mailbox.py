"""The local mailbox: the format of a message, one signature, one delivery."""

import typing

import eth_utils
import pytest


def dispatch(world: typing.Any, body: bytes = b"hello", **changes: typing.Any) -> typing.Any:
    recipient = bytes.fromhex(world.origin.settler.address[2:]).rjust(32, b"\0")
    args = {"destination": world.origin.domain, "recipient": recipient} | changes
    return world.destination.mailbox.send("dispatch", *args.values(), body, sender=world.stranger, value=world.fee)


def process(world: typing.Any, message: bytes, signer: str | None = None) -> typing.Any:
    """Delivers any bytes with a signature over their id."""
    digest = eth_utils.keccak(b"\x19Ethereum Signed Message:\n32" + eth_utils.keccak(message))
    signature = world.sign_hash(signer or world.validator, digest)
    return world.origin.mailbox.send("process", signature, message)


def test_message_has_the_packed_format(world: typing.Any):
    number = world.destination.mailbox.call("nonce")
    receipt = dispatch(world)
    event = receipt.event("Dispatch")
    expected = (
        b"\x03"
        + number.to_bytes(4)
        + (9002).to_bytes(4)
        + bytes.fromhex(world.stranger[2:]).rjust(32, b"\0")
        + (9001).to_bytes(4)
        + bytes.fromhex(world.origin.settler.address[2:]).rjust(32, b"\0")
        + b"hello"
    )
    assert event["message"] == expected
    assert (event["sender"], event["destination"]) == (world.stranger, 9001)
    assert receipt.event("DispatchId")["messageId"] == eth_utils.keccak(expected)
    assert world.destination.mailbox.call("nonce") == number + 1


def test_mailbox_says_what_it_is(world: typing.Any):
    mailbox = world.origin.mailbox
    assert mailbox.call("VERSION") == 3
    assert mailbox.call("localDomain") == 9001
    assert mailbox.call("validator") == world.validator
    assert mailbox.call("quoteDispatch", 1, bytes(32), b"") == mailbox.call("fee") == world.fee


def test_underpaid_dispatch_is_refused(world: typing.Any):
    with world.reverts("InsufficientFee", world.fee, world.fee - 1):
        world.origin.mailbox.send("dispatch", 1, bytes(32), b"", value=world.fee - 1)


def test_fees_go_to_the_validator(world: typing.Any):
    chain, mailbox = world.destination.chain, world.destination.mailbox
    dispatch(world)
    before, held = chain.balance(world.validator), chain.balance(mailbox.address)
    mailbox.send("collectFees", sender=world.stranger)
    assert held >= world.fee
    assert chain.balance(mailbox.address) == 0
    assert chain.balance(world.validator) == before + held


def test_validator_that_refuses_coin_leaves_the_fees(world: typing.Any):
    wallet = world.deploy(world.origin, "ContractWallet", world.stranger)
    mailbox = world.deploy(world.origin, "LocalMailbox", 1, wallet.address, 1)
    mailbox.send("dispatch", 2, bytes(32), b"", value=1)
    with world.reverts("FeeTransferFailed"):
        mailbox.send("collectFees")


def test_delivery_is_announced(world: typing.Any):
    match = world.match()
    world.open(match)
    filled = world.fill(match)
    delivered = world.relay(filled)
    message_id = filled.event("DispatchId")["messageId"]
    process_event = delivered.event("Process")
    assert process_event["origin"] == 9002
    assert process_event["sender"].hex()[24:] == world.destination.settler.address[2:]
    assert process_event["recipient"] == world.origin.settler.address
    assert delivered.event("ProcessId")["messageId"] == message_id
    assert world.origin.mailbox.call("delivered", message_id)


def test_message_is_delivered_once(world: typing.Any):
    match = world.match()
    world.open(match)
    filled = world.fill(match)
    world.relay(filled)
    with world.reverts("AlreadyDelivered", filled.event("DispatchId")["messageId"]):
        world.relay(filled)


def test_refusing_recipient_leaves_the_message_undelivered(world: typing.Any):
    filled = world.fill(world.match())
    with world.reverts("NoEscrow"):
        world.relay(filled)
    assert not world.origin.mailbox.call("delivered", filled.event("DispatchId")["messageId"])


def test_only_the_validators_signature_delivers(world: typing.Any):
    message = dispatch(world).event("Dispatch")["message"]
    with world.reverts("InvalidValidatorSignature"):
        process(world, message, signer=world.stranger)
    for signature in (b"", bytes(65), bytes(64) + b"\x1b"):
        with world.reverts("InvalidValidatorSignature"):
            world.origin.mailbox.send("process", signature, message)


def test_signature_of_another_message_delivers_nothing(world: typing.Any):
    first, second = world.delivery(dispatch(world)), world.delivery(dispatch(world))
    with world.reverts("InvalidValidatorSignature"):
        world.origin.mailbox.send("process", first[0], second[1])


def test_mailbox_without_a_validator_delivers_nothing(world: typing.Any):
    mailbox = world.deploy(world.origin, "LocalMailbox", world.origin.domain, world.zero, 1)
    message = dispatch(world).event("Dispatch")["message"]
    with world.reverts("InvalidValidatorSignature"):
        mailbox.send("process", bytes(64) + b"\x1b", message)


def test_message_for_another_domain_is_refused(world: typing.Any):
    with world.reverts("WrongDestination", 4711):
        world.relay(dispatch(world, destination=4711))


@pytest.mark.parametrize("fault", ["short", "empty", "version", "recipient"])
def test_malformed_message_is_refused(world: typing.Any, fault: str):
    message = dispatch(world).event("Dispatch")["message"]
    broken = {
        "short": message[:76],
        "empty": b"",
        "version": b"\x02" + message[1:],
        "recipient": message[:45] + b"\x01" + message[46:],
    }
    with world.reverts("InvalidMessage"):
        process(world, broken[fault])


def test_message_without_body_reaches_the_recipient(world: typing.Any):
    with world.reverts("NotPeer"):
        world.relay(dispatch(world, body=b""))
