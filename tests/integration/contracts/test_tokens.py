"""Tokens that misbehave: fees, missing return values, callbacks, refused receivers. Nothing is ever mis-booked."""

import typing

import eth_utils
import pytest

AMOUNT = 1_000_000
REENTRANT = "ReentrancyGuardReentrantCall()"


def input_match(world: typing.Any, artifact: str) -> tuple[typing.Any, typing.Any]:
    """An intent whose input is a new token of this kind, funded and allowed."""
    token = world.deploy(world.origin, artifact)
    world.fund(world.origin, world.user, AMOUNT, token)
    return token, world.match(world.intent(inputToken=token.address, inputAmount=AMOUNT))


def output_match(world: typing.Any, artifact: str) -> tuple[typing.Any, typing.Any]:
    token = world.deploy(world.destination, artifact)
    match = world.match(world.intent(outputToken=token.address))
    world.fund(world.destination, world.solver, match.award.outputAmount, token)
    return token, match


def test_token_with_a_fee_is_not_escrowed(world: typing.Any):
    token, match = input_match(world, "FeeToken")
    token.send("setFee", 1, False)  # noqa: FBT003
    with world.reverts("InexactTransfer", token.address, AMOUNT, AMOUNT - AMOUNT // 10_000):
        world.open(match)
    assert token.call("balanceOf", world.user) == AMOUNT


def test_token_with_a_fee_does_not_fill(world: typing.Any):
    token, match = output_match(world, "FeeToken")
    token.send("setFee", 100, False)  # noqa: FBT003
    with world.reverts("InexactTransfer"):
        world.fill(match)


def test_fee_of_a_solver_who_pays_himself_is_noticed(world: typing.Any):
    token = world.deploy(world.destination, "FeeToken")
    match = world.match(world.intent(outputToken=token.address, recipient=world.solver))
    amount = match.award.outputAmount
    world.fund(world.destination, world.solver, amount, token)
    token.send("setFee", 10_000, False)  # noqa: FBT003
    with world.reverts("InexactTransfer", token.address, amount, 0):
        world.fill(match)


def test_payout_that_would_cost_other_escrows_is_credited(world: typing.Any):
    token, match = input_match(world, "FeeToken")
    world.open(match)
    world.fund(world.origin, world.user, AMOUNT, token)
    world.open(world.match(world.intent(inputToken=token.address, inputAmount=AMOUNT)))
    token.send("setFee", 1_000, True)  # noqa: FBT003
    settled = world.relay(world.fill(match))
    assert settled.has("IntentSettled")
    assert settled.event("PayoutCredited")["amount"] == AMOUNT
    assert token.call("balanceOf", world.origin.settler.address) == 2 * AMOUNT
    with world.reverts("InexactTransfer"):
        world.origin.settler.send("claim", world.payee, token.address)
    token.send("setFee", 0, False)  # noqa: FBT003
    world.origin.settler.send("claim", world.payee, token.address)
    assert token.call("balanceOf", world.origin.settler.address) == AMOUNT


def test_fee_that_only_the_receiver_bears_does_not_hold_a_payout_back(world: typing.Any):
    token, match = input_match(world, "FeeToken")
    world.open(match)
    token.send("setFee", 1_000, False)  # noqa: FBT003
    assert not world.relay(world.fill(match)).has("PayoutCredited")
    assert token.call("balanceOf", world.payee) == AMOUNT * 9 // 10


def test_tokens_without_return_value_go_all_the_way(world: typing.Any):
    token = world.deploy(world.origin, "NoReturnToken")
    output = world.deploy(world.destination, "NoReturnToken")
    world.fund(world.origin, world.user, AMOUNT, token)
    match = world.match(world.intent(inputToken=token.address, inputAmount=AMOUNT, outputToken=output.address))
    world.fund(world.destination, world.solver, match.award.outputAmount, output)
    world.open(match)
    world.relay(world.fill(match))
    assert token.call("balanceOf", world.payee) == AMOUNT
    assert output.call("balanceOf", world.recipient) == match.award.outputAmount


def test_transfer_that_silently_moves_nothing_is_refused(world: typing.Any):
    token, match = input_match(world, "NoReturnToken")
    token.send("setSilent", True)  # noqa: FBT003
    with world.reverts("InexactTransfer", token.address, AMOUNT, 0):
        world.open(match)


def test_payout_that_silently_moves_nothing_is_credited(world: typing.Any):
    token, match = input_match(world, "NoReturnToken")
    world.open(match)
    filled = world.fill(match)
    token.send("setSilent", True)  # noqa: FBT003
    assert world.relay(filled).has("PayoutCredited")
    assert world.origin.settler.call("credits", world.payee, token.address) == AMOUNT


def test_token_that_returns_false_is_refused(world: typing.Any):
    token, match = input_match(world, "NoReturnToken")
    # answers every call with one word of 0
    world.origin.chain.rpc("anvil_setCode", token.address, "0x5f5f5260205ff3")
    with world.reverts("SafeERC20FailedOperation", token.address):
        world.open(match)


def test_token_without_code_is_refused(world: typing.Any):
    with world.reverts("TokenWithoutCode", world.stranger):
        world.open(world.match(world.intent(inputToken=world.stranger)))
    with world.reverts("TokenWithoutCode", world.stranger):
        world.fill(world.match(world.intent(outputToken=world.stranger)))


@pytest.mark.parametrize("function", ["open", "refund", "claim", "handle"])
def test_token_that_calls_back_during_open_is_shut_out(world: typing.Any, function: str):
    token, match = input_match(world, "ReentrantToken")
    settler = world.origin.settler
    calls = {
        "open": ("open", match.intent),
        "refund": ("refund", match.intent),
        "claim": ("claim", world.user, token.address),
        "handle": ("handle", 1, bytes(32), b""),
    }
    token.send("arm", settler.address, settler.encode(*calls[function]))
    assert world.open(match).has("IntentOpened")
    assert token.call("called")
    assert not token.call("succeeded")
    assert token.call("answer") == eth_utils.keccak(text=REENTRANT)[:4]


def test_token_that_calls_back_during_fill_is_shut_out(world: typing.Any):
    token, match = output_match(world, "ReentrantToken")
    settler = world.destination.settler
    for call in (("resend", match.intent_id), ("expire", match.intent), ("fill", *match.fill_args(world.payee))):
        snapshot = world.destination.chain.rpc("evm_snapshot")
        token.send("arm", settler.address, settler.encode(*call))
        filled = world.fill(match)
        assert [name for name, _ in filled.events].count("Dispatch") == 1
        assert token.call("called")
        assert token.call("answer") == eth_utils.keccak(text=REENTRANT)[:4]
        world.destination.chain.rpc("evm_revert", snapshot)


@pytest.mark.parametrize("function", ["claim", "refund", "pay"])
def test_token_that_calls_back_during_a_payout_is_paid_once(world: typing.Any, function: str):
    token, match = input_match(world, "ReentrantToken")
    world.open(match)
    world.fund(world.origin, world.user, AMOUNT, token)
    world.open(world.match(world.intent(inputToken=token.address, inputAmount=AMOUNT)))
    filled = world.fill(match)
    settler = world.origin.settler
    calls = {
        "claim": ("claim", world.payee, token.address),
        "refund": ("refund", match.intent),
        "pay": ("pay", token.address, world.payee, AMOUNT),
    }
    token.send("arm", settler.address, settler.encode(*calls[function]))
    world.relay(filled)
    assert token.call("called")
    assert not token.call("succeeded")
    assert token.call("balanceOf", world.payee) == AMOUNT
    assert token.call("balanceOf", settler.address) == AMOUNT


def test_payout_is_for_the_settler_itself_to_call(world: typing.Any):
    world.open(world.match())
    with world.reverts("NotSelf"):
        world.origin.settler.send("pay", world.origin.token.address, world.stranger, 1, sender=world.stranger)


def test_blocked_payee_is_credited_and_claims_later(world: typing.Any):
    token, match = input_match(world, "BlocklistToken")
    settler = world.origin.settler
    world.open(match)
    filled = world.fill(match)
    token.send("setBlocked", world.payee, True)  # noqa: FBT003
    settled = world.relay(filled)
    assert settled.has("IntentSettled")
    assert settled.event("PayoutCredited") == {
        "intentId": match.intent_id,
        "account": world.payee,
        "token": token.address,
        "amount": AMOUNT,
    }
    assert settler.call("credits", world.payee, token.address) == AMOUNT
    with world.reverts("Blocked", world.payee):
        settler.send("claim", world.payee, token.address)

    token.send("setBlocked", world.payee, False)  # noqa: FBT003
    claimed = settler.send("claim", world.payee, token.address, sender=world.stranger)
    assert claimed.event("PayoutClaimed") == {"account": world.payee, "token": token.address, "amount": AMOUNT}
    assert token.call("balanceOf", world.payee) == AMOUNT
    with world.reverts("NothingToClaim", world.payee, token.address):
        settler.send("claim", world.payee, token.address)


@pytest.mark.parametrize("way", ["refund", "expire"])
def test_blocked_user_is_credited_his_refund(world: typing.Any, way: str):
    token, match = input_match(world, "BlocklistToken")
    world.open(match)
    token.send("setBlocked", world.user, True)  # noqa: FBT003
    late = match.intent.fillDeadline + world.refund_delay + 1
    for side in (world.origin, world.destination):
        side.chain.warp(late)
    if way == "refund":
        refunded = world.origin.settler.send("refund", match.intent)
    else:
        refunded = world.relay(world.destination.settler.send("expire", match.intent, value=world.fee))
    assert refunded.has("IntentRefunded")
    assert refunded.event("PayoutCredited")["account"] == world.user
    assert world.origin.settler.call("credits", world.user, token.address) == AMOUNT


def test_credits_of_several_intents_add_up(world: typing.Any):
    token, first = input_match(world, "BlocklistToken")
    world.fund(world.origin, world.user, AMOUNT, token)
    second = world.match(world.intent(inputToken=token.address, inputAmount=AMOUNT))
    token.send("setBlocked", world.payee, True)  # noqa: FBT003
    for match in (first, second):
        world.open(match)
        world.relay(world.fill(match))
    assert world.origin.settler.call("credits", world.payee, token.address) == 2 * AMOUNT


def test_blocked_recipient_stops_the_fill(world: typing.Any):
    token, match = output_match(world, "BlocklistToken")
    token.send("setBlocked", world.recipient, True)  # noqa: FBT003
    with world.reverts("Blocked", world.recipient):
        world.fill(match)


def test_tokens_sent_to_the_settler_by_mistake_pay_nobody(world: typing.Any):
    match = world.match()
    world.origin.token.send("mint", world.origin.settler.address, 77)
    world.open(match)
    world.relay(world.fill(match))
    assert world.origin.token.call("balanceOf", world.payee) == match.intent.inputAmount
    assert world.origin.token.call("balanceOf", world.origin.settler.address) == 77


def test_test_token_takes_permits_and_shows_its_decimals(world: typing.Any):
    token = world.origin.token
    assert (token.call("name"), token.call("symbol"), token.call("decimals")) == ("USD Coin", "USDC", 6)
    deadline = world.origin.chain.now
    domain = {"name": "USD Coin", "version": "1", "chainId": 31337, "verifyingContract": token.address}
    message = {"owner": world.user, "spender": world.stranger, "value": 5, "nonce": 0, "deadline": deadline}
    types = {"Permit": [{"name": name, "type": "uint256"} for name in message]}
    types["Permit"][0]["type"] = types["Permit"][1]["type"] = "address"
    signed = world.keys[world.user].sign_typed_data(domain, types, message)
    r, s = signed.r.to_bytes(32), signed.s.to_bytes(32)
    token.send("permit", world.user, world.stranger, 5, deadline, signed.v, r, s, sender=world.stranger)
    assert token.call("allowance", world.user, world.stranger) == 5
