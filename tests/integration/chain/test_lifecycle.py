"""An intent's whole life on two real chains, through the calldata builders, read back as facts and by views."""

import collections.abc
import contextlib
import dataclasses

import pytest

from orbital.chain import eip712, keys, mailbox, rpc, settler, token, transactions
from orbital.chain.adapters import orbital
from orbital.devnet import anvil
from orbital.domain import facts
from orbital.domain.intent import Award, Intent
from orbital.domain.types import ZERO_ADDRESS, Address, Amount, ChainId, IntentId, UnixSeconds

DOMAINS = (901, 902)
FEE_WEI = 10**15
REFUND_DELAY_SECONDS = 30
INPUT, OUTPUT = Amount(1_000_000), Amount(990_000)


@dataclasses.dataclass
class Side:
    """One chain with its contracts, and the wallets of the deployer, the user and the solver there."""

    node: rpc.Rpc
    settler: Address
    mailbox: Address
    token: Address
    deployer: transactions.Wallet
    user: transactions.Wallet
    solver: transactions.Wallet

    @property
    def chain_id(self) -> ChainId:
        return self.node.expected_chain_id

    async def facts_of(self, receipt: rpc.Receipt) -> list[facts.Fact]:
        """Fetch the block's logs as an indexer does, and decode them."""
        addresses = (self.settler, self.mailbox)
        logs = await self.node.block_logs(receipt.block_hash, addresses=addresses, topics=list(orbital.EVENTS))
        header = await self.node.header(receipt.block_hash)
        assert header is not None
        decoded = [orbital.decode(self.chain_id, log, header.timestamp) for log in logs]
        return [fact for fact in decoded if fact is not None]


@dataclasses.dataclass
class World:
    """Origin and destination that know each other."""

    origin: Side
    destination: Side
    validator: keys.Signer
    auctioneer: keys.Signer

    async def intent(self, nonce: int = 1, seconds: int = 600) -> Intent:
        head = await self.origin.node.header("latest")
        assert head is not None
        return Intent(
            user=self.origin.user.address,
            recipient=Address(b"\x4e" * 20),
            origin_chain_id=self.origin.chain_id,
            destination_chain_id=self.destination.chain_id,
            input_token=self.origin.token,
            input_amount=INPUT,
            output_token=self.destination.token,
            min_output_amount=OUTPUT,
            nonce=nonce,
            open_deadline=UnixSeconds(head.timestamp + seconds),
            fill_deadline=UnixSeconds(head.timestamp + seconds),
            auctioneer=self.auctioneer.address,
        )

    def award(self, intent: Intent) -> tuple[Award, bytes]:
        intent_id = eip712.intent_id(intent, self.origin.settler)
        solver, amount = self.origin.solver.address, Amount(OUTPUT + 5)
        award = Award(intent_id, solver, amount, intent.open_deadline, intent.fill_deadline)
        digest = eip712.award_digest(award, self.origin.chain_id, self.origin.settler)
        return award, self.auctioneer.sign(digest)


@contextlib.asynccontextmanager
async def _deploy(
    chain: anvil.Chain, domain: int, funded: tuple[keys.Signer, ...], validator: Address
) -> collections.abc.AsyncIterator[Side]:
    async with rpc.Rpc([chain.rpc_url], ChainId(chain.chain_id)) as node:
        deployer, user, solver = (transactions.Wallet(node, signer) for signer in funded[:3])
        side = Side(
            node,
            await deployer.deploy(settler.load(), REFUND_DELAY_SECONDS),
            await deployer.deploy(mailbox.load(), domain, validator, FEE_WEI),
            await deployer.deploy(token.load(), "Test Dollar", "tUSD", 6),
            deployer,
            user,
            solver,
        )
        for wallet in (user, solver):
            await deployer.transact(side.token, token.mint(wallet.address, 10 * INPUT))
            await wallet.transact(side.token, token.approve(side.settler, 2**256 - 1))
        yield side


@pytest.fixture
async def world(
    anvil_chain: collections.abc.Callable[..., anvil.Chain], funded: tuple[keys.Signer, ...]
) -> collections.abc.AsyncIterator[World]:
    validator, auctioneer = keys.generate_signer(), keys.generate_signer()
    chains = [anvil_chain(chain_id) for chain_id in (31_337, 31_338)]
    async with (
        _deploy(chains[0], DOMAINS[0], funded, validator.address) as origin,
        _deploy(chains[1], DOMAINS[1], funded, validator.address) as destination,
    ):
        for side, other, domain in ((origin, destination, DOMAINS[1]), (destination, origin, DOMAINS[0])):
            peers = [settler.Peer(other.chain_id, other.settler, domain)]
            await side.deployer.transact(side.settler, settler.configure(side.mailbox, peers))
            assert await settler.fetch_peer(side.node, side.settler, other.chain_id) == peers[0]
            assert await settler.fetch_mailbox(side.node, side.settler) == side.mailbox
        yield World(origin, destination, validator, auctioneer)


async def _open(world: World, intent: Intent) -> facts.Fact:
    award, award_signature = world.award(intent)
    user_signature = world.origin.user.signer.sign(eip712.intent_id(intent, world.origin.settler))
    data = settler.open_for(intent, user_signature, award, award_signature)
    (fact,) = await world.origin.facts_of(await world.origin.solver.transact(world.origin.settler, data))
    return fact


async def _deliver(world: World, packed: bytes) -> list[facts.Fact]:
    data = mailbox.process(mailbox.sign_metadata(world.validator, packed), packed)
    return await world.origin.facts_of(await world.origin.solver.transact(world.origin.mailbox, data))


async def test_digests_are_those_of_the_contract(world: World) -> None:
    intent = await world.intent()
    expected = eip712.intent_id(intent, world.origin.settler)
    assert await settler.fetch_intent_id(world.origin.node, world.origin.settler, intent) == expected
    assert await settler.fetch_intent_id(world.destination.node, world.destination.settler, intent) == expected


async def test_intent_is_opened_filled_and_settled(world: World) -> None:
    origin, destination = world.origin, world.destination
    intent = await world.intent()
    intent_id = eip712.intent_id(intent, origin.settler)
    award, award_signature = world.award(intent)
    assert not await settler.fetch_nonce_used(origin.node, origin.settler, intent.user, 1)

    opened = await _open(world, intent)
    assert opened.intent_id == intent_id
    assert opened.event == facts.IntentOpened(intent, award.solver, award.output_amount)
    assert await settler.fetch_nonce_used(origin.node, origin.settler, intent.user, 1)
    escrow = await settler.fetch_escrow(origin.node, origin.settler, intent_id)
    assert escrow == settler.Escrow(
        INPUT, origin.token, DOMAINS[1], settler.EscrowStatus.HELD, intent.user, intent.fill_deadline
    )

    repay_to = Address(b"\x6e" * 20)
    fill = settler.fill(intent, award, award_signature, repay_to)
    fee = await mailbox.fetch_dispatch_fee(
        destination.node, destination.mailbox, DOMAINS[0], mailbox.pad_address(origin.settler), b""
    )
    receipt = await destination.solver.transact(destination.settler, fill, fee)
    by_name = {fact.name: fact for fact in await destination.facts_of(receipt)}
    assert set(by_name) == {"IntentFilled", "Dispatch", "DispatchId"}
    assert by_name["IntentFilled"].intent_id == intent_id
    assert by_name["IntentFilled"].event == facts.IntentFilled(
        destination.settler,
        award.solver,
        intent.recipient,
        destination.token,
        award.output_amount,
        origin.chain_id,
        repay_to,
    )
    outcome = await settler.fetch_outcome(destination.node, destination.settler, intent_id)
    assert (outcome.status, outcome.repay_to) == (settler.OutcomeStatus.FILLED, repay_to)
    assert await token.fetch_balance(destination.node, destination.token, intent.recipient) == award.output_amount

    sent = by_name["Dispatch"].event
    assert isinstance(sent, facts.Dispatch)
    assert by_name["DispatchId"].event == facts.DispatchId(mailbox.message_id(sent.message))
    message = mailbox.parse(sent.message)
    assert mailbox.pack(message) == sent.message
    assert (message.origin, message.destination) == (DOMAINS[1], DOMAINS[0])
    assert mailbox.parse_padded(message.recipient) == origin.settler
    assert mailbox.parse_outcome(message.body) == mailbox.Outcome(
        mailbox.Kind.FILLED, intent_id, award.solver, repay_to, award.output_amount
    )

    delivered = {fact.name: fact.event for fact in await _deliver(world, sent.message)}
    assert delivered == {
        "IntentSettled": facts.IntentSettled(award.solver, repay_to, origin.token, INPUT),
        "Process": facts.Process(DOMAINS[1], mailbox.pad_address(destination.settler), origin.settler),
        "ProcessId": facts.ProcessId(mailbox.message_id(sent.message)),
    }
    assert await mailbox.fetch_delivered(origin.node, origin.mailbox, mailbox.message_id(sent.message))
    assert await token.fetch_balance(origin.node, origin.token, repay_to) == INPUT


async def test_unfilled_intent_expires_and_is_refunded(world: World) -> None:
    origin, destination = world.origin, world.destination
    intent = await world.intent(seconds=60)
    opened = await _open(world, intent)
    await destination.node.request("evm_increaseTime", 3_600)
    receipt = await destination.solver.transact(destination.settler, settler.expire(intent), FEE_WEI)
    found = {fact.name: fact for fact in await destination.facts_of(receipt)}
    assert found["IntentExpired"].intent_id == opened.intent_id
    assert found["IntentExpired"].event == facts.IntentExpired(origin.chain_id)
    sent = found["Dispatch"].event
    assert isinstance(sent, facts.Dispatch)
    assert mailbox.parse_outcome(mailbox.parse(sent.message).body).kind is mailbox.Kind.EXPIRED
    refunded = {fact.name: fact for fact in await _deliver(world, sent.message)}["IntentRefunded"]
    assert refunded.intent_id == opened.intent_id
    assert refunded.event == facts.IntentRefunded(intent.user, origin.token, INPUT)

    again = await destination.solver.transact(
        destination.settler, settler.resend(IntentId(opened.intent_id or b"")), FEE_WEI
    )
    assert {fact.name for fact in await destination.facts_of(again)} == {"Dispatch", "DispatchId"}


async def test_origin_refunds_by_itself_after_the_delay(world: World) -> None:
    origin = world.origin
    intent = await world.intent(seconds=60)
    await _open(world, intent)
    with pytest.raises(transactions.Reverted) as caught:
        await origin.solver.send(origin.settler, settler.refund(intent))
    delay = await settler.fetch_refund_delay(origin.node, origin.settler)
    assert delay == REFUND_DELAY_SECONDS
    assert caught.value.name == "RefundTooEarly"
    assert caught.value.arguments == (intent.fill_deadline + delay,)
    await origin.node.request("evm_increaseTime", 3_600)
    receipt = await origin.solver.transact(origin.settler, settler.refund(intent))
    assert [fact.name for fact in await origin.facts_of(receipt)] == ["IntentRefunded"]


async def test_user_opens_himself_and_cancels_another_nonce(world: World) -> None:
    origin = world.origin
    intent = await world.intent(nonce=2**256 - 1)
    (opened,) = await origin.facts_of(await origin.user.transact(origin.settler, settler.open_by_user(intent)))
    assert opened.event == facts.IntentOpened(intent, ZERO_ADDRESS, intent.min_output_amount)
    receipt = await origin.user.transact(origin.settler, settler.invalidate_nonce(77))
    (cancelled,) = await origin.facts_of(receipt)
    assert cancelled.event == facts.NonceInvalidated(intent.user, 77)
    assert cancelled.intent_id is None
    with pytest.raises(transactions.Reverted) as caught:
        await origin.user.send(origin.settler, settler.invalidate_nonce(77))
    assert caught.value.name == "NonceAlreadyUsed"


async def test_nothing_is_to_claim_without_a_credit(world: World) -> None:
    origin = world.origin
    assert await settler.fetch_credit(origin.node, origin.settler, origin.user.address, origin.token) == 0
    with pytest.raises(transactions.Reverted) as caught:
        await origin.user.send(origin.settler, settler.claim(origin.user.address, origin.token))
    assert caught.value.name == "NothingToClaim"
