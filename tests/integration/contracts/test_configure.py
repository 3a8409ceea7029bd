"""Configuration: once, by the deployer, and nothing works before it."""

import typing

import pytest


@pytest.fixture
def fresh(world: typing.Any) -> typing.Any:
    """A settler on the origin chain that was not configured."""
    return world.deploy(world.origin, "IntentSettler", 30)


def peer_of(world: typing.Any, **changes: typing.Any) -> tuple[typing.Any, ...]:
    other = world.destination
    fields = {"chain_id": 31338, "settler": other.settler.address, "domain": other.domain}
    return tuple((fields | changes).values())


def test_configuration_is_what_the_deployer_said(world: typing.Any):
    settler = world.origin.settler
    assert settler.call("deployer") == world.deployer
    assert settler.call("mailbox") == world.origin.mailbox.address
    assert settler.call("peerOf", 31338) == (world.destination.settler.address, world.destination.domain)
    assert settler.call("senderOf", world.destination.domain).hex()[24:] == world.destination.settler.address[2:]
    assert settler.call("refundDelay") == world.refund_delay
    assert settler.call("MAX_DURATION") == 30 * 86_400


def test_only_the_deployer_configures(world: typing.Any, fresh: typing.Any):
    with world.reverts("NotDeployer"):
        fresh.send("configure", world.origin.mailbox.address, [peer_of(world)], sender=world.stranger)


def test_configuration_is_frozen(world: typing.Any):
    with world.reverts("AlreadyConfigured"):
        world.origin.settler.send("configure", world.origin.mailbox.address, [peer_of(world)])


def test_mailbox_must_have_code(world: typing.Any, fresh: typing.Any):
    for account in (world.zero, world.stranger):
        with world.reverts("InvalidMailbox"):
            fresh.send("configure", account, [peer_of(world)])


@pytest.mark.parametrize("changes", [{"chain_id": 31337}, {"settler": "0x" + "00" * 20}, {"domain": 9001}])
def test_peer_is_another_chain_with_its_own_domain(
    world: typing.Any, fresh: typing.Any, changes: dict[str, typing.Any]
):
    peer = peer_of(world, **changes)
    with world.reverts("InvalidPeer", peer[0]):
        fresh.send("configure", world.origin.mailbox.address, [peer])


def test_there_is_at_least_one_peer(world: typing.Any, fresh: typing.Any):
    with world.reverts("InvalidPeer", 0):
        fresh.send("configure", world.origin.mailbox.address, [])


@pytest.mark.parametrize("changes", [{"chain_id": 5}, {"domain": 5}])
def test_chain_or_domain_is_named_once(world: typing.Any, fresh: typing.Any, changes: dict[str, typing.Any]):
    second = peer_of(world, **changes)
    with world.reverts("InvalidPeer", second[0]):
        fresh.send("configure", world.origin.mailbox.address, [peer_of(world), second])


def test_refused_configuration_leaves_the_settler_configurable(world: typing.Any, fresh: typing.Any):
    with world.reverts("InvalidPeer"):
        fresh.send("configure", world.origin.mailbox.address, [peer_of(world), peer_of(world)])
    with world.reverts("NotConfigured"):
        fresh.send("invalidateNonce", 1)
    fresh.send("configure", world.origin.mailbox.address, [peer_of(world)])
    assert fresh.send("invalidateNonce", 1).has("NonceInvalidated")


def test_nothing_works_before_configuration(world: typing.Any, fresh: typing.Any):
    match = world.match()
    calls = {
        "open": (match.intent,),
        "openFor": match.open_args,
        "fill": match.fill_args(world.payee),
        "expire": (match.intent,),
        "invalidateNonce": (1,),
    }
    for function, args in calls.items():
        with world.reverts("NotConfigured"):
            fresh.send(function, *args, sender=world.user)
    with world.reverts("NotMailbox"):
        fresh.send("handle", 1, bytes(32), b"")
    with world.reverts("NoOutcome"):
        fresh.send("resend", match.intent_id)
    with world.reverts("NoEscrow"):
        fresh.send("refund", match.intent)
    with world.reverts("NothingToClaim"):
        fresh.send("claim", world.user, world.origin.token.address)


def test_plain_coin_is_refused(world: typing.Any):
    with pytest.raises(world.Reverted):
        world.origin.chain.transact(world.user, world.origin.settler.address, b"", 1)
