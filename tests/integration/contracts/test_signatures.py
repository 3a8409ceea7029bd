"""Signatures: 65 bytes, low s, v in {0, 1, 27, 28}; accounts with code by ERC-1271, then by their key."""

import typing

import pytest

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def open_with(
    world: typing.Any, match: typing.Any, user_signature: bytes | None = None, award_signature: bytes | None = None
):
    user_signature = match.user_signature if user_signature is None else user_signature
    award_signature = match.award_signature if award_signature is None else award_signature
    return world.origin.settler.send(
        "openFor", match.intent, user_signature, match.award, award_signature, sender=world.solver
    )


def with_v(signature: typing.Any, v: int):
    return signature[:64] + bytes([v])


def high_s_twin(signature: typing.Any):
    s = ORDER - int.from_bytes(signature[32:64])
    return signature[:32] + s.to_bytes(32) + bytes([55 - signature[64]])


def wallet_match(world: typing.Any, owner: typing.Any):
    """An intent of a wallet contract that has and allows the input, not yet signed."""
    wallet = world.deploy(world.origin, "ContractWallet", owner)
    intent = world.intent(user=wallet.address)
    token, settler = world.origin.token, world.origin.settler.address
    token.send("mint", wallet.address, intent.inputAmount)
    wallet.send("execute", token.address, token.encode("approve", settler, intent.inputAmount))
    return wallet, world.match(intent)


def test_both_conventions_of_v_are_accepted(world: typing.Any):
    for shift in (0, 27):
        match = world.match()
        user = with_v(match.user_signature, match.user_signature[64] - 27 + shift)
        award = with_v(match.award_signature, match.award_signature[64] - 27 + shift)
        assert open_with(world, match, user, award).has("IntentOpened")


@pytest.mark.parametrize("v", [2, 26, 29, 35, 255])
def test_other_v_is_refused(world: typing.Any, v: int):
    match = world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=with_v(match.user_signature, v))
    with world.reverts("InvalidAwardSignature"):
        open_with(world, match, award_signature=with_v(match.award_signature, v))


def test_high_s_twin_is_refused(world: typing.Any):
    match = world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=high_s_twin(match.user_signature))
    with world.reverts("InvalidAwardSignature"):
        open_with(world, match, award_signature=high_s_twin(match.award_signature))


@pytest.mark.parametrize("length", [0, 64, 66])
def test_other_lengths_are_refused(world: typing.Any, length: int):
    match = world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=(match.user_signature + b"\0")[:length])
    with world.reverts("InvalidAwardSignature"):
        open_with(world, match, award_signature=(match.award_signature + b"\0")[:length])


def test_signature_of_somebody_else_is_refused(world: typing.Any):
    match = world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=world.sign(world.stranger, "Intent", match.intent))


def test_signature_of_another_intent_is_refused(world: typing.Any):
    match, other = world.match(), world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=other.user_signature)


def test_signature_for_another_chain_is_refused(world: typing.Any):
    match = world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=world.sign(world.user, "Intent", match.intent, world.destination))


def test_signature_that_recovers_nobody_is_not_the_zero_user(world: typing.Any):
    match = world.match(world.intent(user=world.zero))
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=bytes(64) + b"\x1b")


def test_wallet_contract_signs_by_erc_1271(world: typing.Any):
    _, match = wallet_match(world, world.stranger)
    signature = b"\x01" + world.sign(world.stranger, "Intent", match.intent)
    opened = open_with(world, match, user_signature=signature).event("IntentOpened")
    assert opened["user"] == match.intent.user


def test_wallet_contract_that_says_no_has_not_signed(world: typing.Any):
    _, match = wallet_match(world, world.stranger)
    for signature in (
        b"\x01" + world.sign(world.rival, "Intent", match.intent),
        world.sign(world.stranger, "Intent", match.intent),
    ):
        with world.reverts("InvalidUserSignature"):
            open_with(world, match, user_signature=signature)


@pytest.mark.parametrize(("mood", "accepted"), [(1, False), (2, True), (3, False)], ids=["short", "long", "reverting"])
def test_odd_answers_of_a_wallet_contract_do_not_harm(world: typing.Any, mood: int, accepted: bool):
    wallet, match = wallet_match(world, world.stranger)
    wallet.send("setMood", mood)
    signature = b"\x01" + world.sign(world.stranger, "Intent", match.intent)
    if accepted:
        assert open_with(world, match, user_signature=signature).has("IntentOpened")
        return
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=signature)


def test_account_with_code_that_knows_no_erc_1271_has_not_signed(world: typing.Any):
    match = world.match(world.intent(user=world.origin.token.address))
    with world.reverts("InvalidUserSignature"):
        open_with(world, match, user_signature=world.sign(world.stranger, "Intent", match.intent))


def test_delegated_account_signs_by_its_key_or_its_code(world: typing.Any):
    wallet = world.deploy(world.origin, "ContractWallet", world.stranger)
    world.origin.chain.rpc("anvil_setCode", world.user, "0xef0100" + wallet.address[2:])
    by_key = world.match()
    assert open_with(world, by_key).has("IntentOpened")
    by_code = world.match()
    signature = b"\x01" + world.sign(world.stranger, "Intent", by_code.intent)
    assert open_with(world, by_code, user_signature=signature).has("IntentOpened")
    by_nobody = world.match()
    with world.reverts("InvalidUserSignature"):
        open_with(world, by_nobody, user_signature=high_s_twin(by_nobody.user_signature))


def test_auctioneer_may_be_a_contract_on_both_chains(world: typing.Any):
    wallets = [world.deploy(side, "ContractWallet", world.auctioneer) for side in (world.origin, world.destination)]
    for side, wallet in zip((world.origin, world.destination), wallets, strict=True):
        match = world.match(world.intent(auctioneer=wallet.address))
        signature = b"\x01" + world.sign(world.auctioneer, "Award", match.award)
        if side is world.origin:
            assert open_with(world, match, award_signature=signature).has("IntentOpened")
        else:
            args = (match.intent, match.award, signature, world.payee)
            assert side.settler.send("fill", *args, sender=world.solver, value=world.fee).has("IntentFilled")
