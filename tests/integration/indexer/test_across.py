"""Deposits and fills of Across, emitted on two chains and followed by the real workers: foreign intents beside ours."""

import dataclasses
import pathlib

import pytest

from orbital.chain.abi import codec
from orbital.chain.adapters import across
from orbital.domain.network import ForeignContract
from orbital.domain.types import Amount, BlockNumber, IntentId, Protocol
from orbital.observe import metrics
from orbital.storage import auctions, intents, pool, rebuild

ARTIFACT = pathlib.Path(__file__).parents[1] / "contracts" / "artifacts" / "AcrossEmitter.json"
EMITTER = codec.parse("AcrossEmitter", ARTIFACT.read_bytes())
SOLANA_ACCOUNT = b"\x07" * 32
SOLVER = bytes(12) + b"\x99" * 20
ROW = "SELECT * FROM intents WHERE intent_id = $1"
FACTS = "SELECT name FROM canonical_facts WHERE intent_id = $1 ORDER BY name"


def pad(address: bytes) -> bytes:
    return address.rjust(32, b"\0")


class SpokePools:
    """An emitter on each chain, and what is said through it. `form` is "" or "Legacy"."""

    def __init__(self, world, addresses) -> None:
        self.world, self.addresses = world, addresses
        self.deposits = 0

    async def relay(self, **changes):
        """The twelve terms, those of a user of ours by default."""
        self.deposits += 1
        head = await self.world.nodes[self.world.destination].header("latest")
        terms = {
            "depositor": pad(self.world.user.address),
            "recipient": pad(b"\x44" * 20),
            "exclusive_relayer": bytes(32),
            "input_token": pad(self.world.network.chains[self.world.origin].tokens[0].address),
            "output_token": pad(b"\x55" * 20),
            "input_amount": 1_000_000,
            "output_amount": 990_000,
            "origin_chain_id": int(self.world.origin),
            "deposit_id": self.deposits,
            "fill_deadline": head.timestamp + 1000,
            "exclusivity_deadline": 0,
            "message": b"",
        }
        return terms | changes

    async def deposit(self, relay, form=""):
        await self.emit(self.world.origin, f"deposit{form}", tuple(relay.values()), int(self.world.destination))

    async def fill(self, relay, form="", *, relayer=SOLVER, recipient=None, amount=990_000, kind=0):
        delivered = (relayer, recipient or relay["recipient"], amount, kind)
        await self.emit(self.world.destination, f"fill{form}", tuple(relay.values()), *delivered)

    async def emit(self, chain_id, function, *arguments: object):
        wallet = self.world.wallet(chain_id, self.world.user)
        await wallet.transact(self.addresses[chain_id], EMITTER.encode_call(function, *arguments))

    async def id_of(self, relay):
        """As the emitter computes it with `abi.encode`."""
        data = EMITTER.encode_call("relayId", tuple(relay.values()), int(self.world.destination))
        answer = await self.world.nodes[self.world.origin].call(self.addresses[self.world.origin], data)
        return IntentId(answer)

    async def view(self, relay):
        async with pool.acquire(self.world.database) as connection:
            return await intents.find_any(connection, await self.id_of(relay))

    async def row(self, relay):
        (row,) = await self.world.fetch(ROW, await self.id_of(relay))
        return row

    async def names(self, relay):
        return [row["name"] for row in await self.world.fetch(FACTS, await self.id_of(relay))]


@pytest.fixture
async def pools(world):
    addresses = {
        chain_id: await world.wallet(chain_id, world.user).deploy(EMITTER)
        for chain_id in (world.origin, world.destination)
    }
    chains = {
        chain_id: dataclasses.replace(
            chain, foreign=(ForeignContract(Protocol.ACROSS, addresses[chain_id], BlockNumber(0)),)
        )
        for chain_id, chain in world.network.chains.items()
    }
    world.network = dataclasses.replace(world.network, chains=chains)
    return SpokePools(world, addresses)


async def test_both_forms_are_filled_on_two_chains(world, pools, fingerprint):
    forms = [("", ""), ("Legacy", "Legacy"), ("Legacy", ""), ("", "Legacy")]
    relays = [await pools.relay(message=b"hook" * length) for length in range(len(forms))]
    async with world.indexing():
        for relay, (deposited, _) in zip(relays, forms, strict=True):
            await pools.deposit(relay, deposited)
        await world.caught_up()
        opened = [await pools.view(relay) for relay in relays]
        for relay, (_, filled) in zip(relays, forms, strict=True):
            await pools.fill(relay, filled, recipient=pad(b"\x66" * 20), amount=970_000)
        await world.caught_up()
    assert [(one.status, one.solver, list(one.legs)) for one in opened] == [("opened", None, ["open"])] * 4
    for relay in relays:
        view = await pools.view(relay)
        assert (view.status, view.solver, view.output_amount) == ("filled", b"\x99" * 20, 970_000)
        assert {leg: at.chain_id for leg, at in view.legs.items()} == {"open": world.origin, "fill": world.destination}
        assert (view.intent.protocol, view.intent.reference) == ("across", str(relay["deposit_id"]))
        assert (view.intent.user, view.intent.min_output_amount) == (world.user.address, Amount(990_000))
        assert await pools.names(relay) == ["ForeignFilled", "ForeignOpened"]
    followed = await fingerprint()
    assert await rebuild.rebuild(world.database, world.network.rules) == len(relays)
    assert await fingerprint() == followed


async def test_accounts_beyond_evm_chains_have_32_bytes_and_are_verified_when_final(world, pools, wait_until):
    relay = await pools.relay(recipient=SOLANA_ACCOUNT, output_token=SOLANA_ACCOUNT)
    async with world.indexing():
        await pools.deposit(relay)
        await pools.fill(relay, relayer=bytes(32), kind=2)
        filled_at = (await world.nodes[world.destination].header("latest")).number
        await world.mine(world.destination, 80)
        await world.caught_up()
        await wait_until(lambda: is_verified(world, world.destination, filled_at))
    row = await pools.row(relay)
    assert (row["recipient"], row["output_token"], row["user_address"]) == (*[SOLANA_ACCOUNT] * 2, world.user.address)
    assert (row["status"], row["solver"]) == ("filled", None)  # a slow fill has no solver


async def test_only_the_very_terms_are_filled_and_only_once(world, pools):
    relay, early = await pools.relay(), await pools.relay()
    forged = relay | {"output_amount": 1}
    async with world.indexing(world.destination):
        await pools.fill(early, relayer=pad(b"\x01" * 20))
        await pools.fill(early, relayer=pad(b"\x02" * 20))
        await pools.fill(forged, amount=1)
        await world.caught_up(world.destination)
        alone = await pools.row(early)
    assert (alone["status"], alone["user_address"], alone["protocol"]) == (None, None, "across")
    async with world.indexing(world.origin):
        for one in (early, early, relay):
            await pools.deposit(one)
        await world.caught_up(world.origin)
    assert await pools.names(early) == ["ForeignFilled"] * 2 + ["ForeignOpened"] * 2
    filled = await pools.view(early)
    assert (filled.status, filled.solver) == ("filled", b"\x01" * 20)
    assert (await pools.view(relay)).status == "opened"
    assert await pools.view(forged) is None


async def test_a_reorg_takes_sides_back_one_by_one(world, pools):
    relay = await pools.relay()
    async with world.indexing():
        await pools.deposit(relay)
        await pools.fill(relay)
        await world.caught_up()
        await world.reorg(world.destination, 1)
        await world.caught_up(world.destination)
        assert (await pools.view(relay)).status == "opened"
        await pools.fill(relay)
        await world.reorg(world.origin, 1)
        await world.caught_up()
        assert await pools.view(relay) is None
        assert await pools.names(relay) == ["ForeignFilled"]
        await pools.deposit(relay, "Legacy")
        await world.caught_up()
    assert (await pools.view(relay)).status == "filled"
    said = await world.fetch("SELECT data ->> 'name' AS name FROM outbox WHERE event = 'FactReverted' ORDER BY seq")
    assert [row["name"] for row in said] == ["ForeignFilled", "ForeignOpened"]


async def test_it_expires_on_the_destination_and_touches_nothing_of_ours(world, pools, submit):
    relay, match = await pools.relay(), await world.match()
    await submit(match)
    async with world.indexing():
        await pools.deposit(relay)
        await world.caught_up()
        before = await pools.view(relay)
        async with pool.acquire(world.database) as connection:
            user, token = world.user.address, match.intent.input_token
            load = await intents.sum_live(connection, user, token, world.origin)
            assert (load.live, load.inputs) == (1, match.intent.input_amount)
            same_number = dataclasses.replace(match.intent, nonce=int(relay["deposit_id"]))
            standing = await intents.find_standing(connection, same_number, 0)
            assert (standing.is_opened_above, standing.is_nonce_taken) == (False, False)
            assert await auctions.list_unauctioned(connection, world.auctioneer.address, 10) == [match.intent_id]
        await world.warp(world.destination, relay["fill_deadline"] + 1)
        await world.caught_up()
    after = await pools.view(relay)
    assert (before.status, before.refund_due) == ("opened", False)
    assert (after.status, after.refund_due) == ("expired", True)
    assert await world.status(match) == "pending"


async def test_an_odd_log_is_counted_and_passed_over(world, pools):
    relay = await pools.relay()
    topic = next(event.topic for event in across.CURRENT.events if event.name == "FundsDeposited")
    async with world.indexing():
        await pools.emit(world.origin, "emitRaw", topic, bytes(32), bytes(32), bytes(32), b"upgraded")
        await pools.emit(world.origin, "emitRaw", b"\x01" * 32, bytes(32), bytes(32), bytes(32), b"of nobody")
        await pools.deposit(relay)
        await world.caught_up()
        assert (await world.checkpoint(world.origin)).status == "ok"
    assert (await pools.view(relay)).status == "opened"
    assert (
        f'orbital_indexer_odd_logs_total{{chain_id="{world.origin}",protocol="across"}} 1.0'
        in metrics.render().decode()
    )


async def is_verified(world, chain_id, number):
    return ((await world.checkpoint(chain_id)).verified or 0) >= number
