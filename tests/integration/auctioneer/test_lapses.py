"""Verdicts on lapsed awards, asked of a real chain at the block that proved the lapse."""

import collections.abc
from typing import Any

import pytest

from orbital.auctioneer import loop
from orbital.chain import keys, rpc, settler, token, transactions
from orbital.devnet import accounts, deploy
from orbital.domain import facts as f
from orbital.domain.lifecycle import Status
from orbital.storage import chains, deadlines, ledger, pool

Make = collections.abc.Callable[..., collections.abc.Awaitable[Any]]


@pytest.fixture
async def rpcs(anvil_chain: Any) -> collections.abc.AsyncIterator[dict[int, rpc.Rpc]]:
    started = {chain_id: anvil_chain(chain_id) for chain_id in (31337, 31338)}
    nodes = {chain_id: rpc.Rpc([one.rpc_url], chain_id) for chain_id, one in started.items()}
    yield nodes
    for node in nodes.values():
        await node.aclose()


@pytest.fixture
def owner() -> keys.Signer:
    """The user, with coins for gas on both chains."""
    return keys.parse_signer(accounts.SPARE[0])


@pytest.fixture
async def world(database: pool.Pool, rpcs: dict[int, rpc.Rpc], make_office: Make, owner: keys.Signer) -> Any:
    """An office whose network is deployed, with an intent that was awarded; the user's input is there."""
    network = await deploy.deploy(rpcs)
    office = await make_office(database, network, keys.parse_signer(accounts.AUCTIONEER))
    wallet = transactions.Wallet(rpcs[31337], owner)
    coin = network.chains[31337].tokens[0].address
    await wallet.transact(coin, token.mint(owner.address, 1_000_000))
    await wallet.transact(coin, token.approve(network.chains[31337].settler, 2**256 - 1))
    return office, wallet


async def award(office: Any, owner: keys.Signer) -> bytes:
    intent = office.make_intent(user=owner.address)
    intent_id = await office.submit(intent)
    async with pool.transaction(office.desk.pool) as connection:
        await connection.execute("UPDATE submissions SET signature = $1", owner.sign(intent_id))
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    assert (await office.find(intent_id)).status is Status.MATCHED
    return intent_id


async def lapse(office: Any, node: rpc.Rpc, seconds: int = 61) -> None:
    """The chain's newest block is indexed as one past `open_by`."""
    head = await node.header("latest")
    timestamp = office.now + seconds
    block = chains.Block(head.number + 100, head.hash, head.parent_hash, timestamp)
    async with pool.transaction(office.desk.pool) as connection:
        await chains.put_blocks(connection, 31337, [block])
        due = await deadlines.due(connection, 31337, timestamp)
        await ledger.record(connection, [one.fact for one in due], office.network.rules)
        await chains.advance(connection, 31337, block)


async def verdicts(office: Any, intent_id: bytes) -> list[ledger.LedgerEntry]:
    async with pool.acquire(office.desk.pool) as connection:
        events = await ledger.list_events(connection, intent_id, 0, 100)
    return [entry for entry in events if isinstance(entry.fact.event, f.AwardLapsed)]


async def test_solver_that_could_have_opened_is_at_fault(world: Any, rpcs: Any, owner: Any, solvers: Any) -> None:
    office, _ = world
    intent_id = await award(office, owner)
    await lapse(office, rpcs[31337])
    assert await loop.judge_lapses(office.desk, rpcs) == set()
    (verdict,) = await verdicts(office, intent_id)
    assert verdict.fact.event == f.AwardLapsed(1, solvers[0].address, f.Fault.SOLVER)
    head = await rpcs[31337].header("latest")
    assert (verdict.fact.position.block_hash, verdict.fact.timestamp) == (head.hash, office.now + 61)
    assert await loop.judge_lapses(office.desk, rpcs) == set()
    assert len(await verdicts(office, intent_id)) == 1


@pytest.mark.parametrize("reason", ["balance", "allowance", "nonce"])
async def test_user_whose_open_could_not_work_is_at_fault(world: Any, rpcs: Any, owner: Any, reason: str) -> None:
    office, wallet = world
    intent_id = await award(office, owner)
    intent = (await office.find(intent_id)).intent
    home = office.network.chains[31337]
    calls = {
        "balance": (home.tokens[0].address, token.transfer(b"\x09" * 20, 1)),
        "allowance": (home.tokens[0].address, token.approve(home.settler, 999_999)),
        "nonce": (home.settler, settler.invalidate_nonce(intent.nonce)),
    }
    await wallet.transact(*calls[reason])
    await lapse(office, rpcs[31337])
    # What the user does after that block does not help.
    await wallet.transact(home.tokens[0].address, token.approve(home.settler, 2**256 - 1))
    await wallet.transact(home.tokens[0].address, token.mint(owner.address, 5_000_000))
    await loop.judge_lapses(office.desk, rpcs)
    (verdict,) = await verdicts(office, intent_id)
    assert verdict.fact.event.fault is f.Fault.USER


async def test_missed_fill_of_an_open_intent_is_the_solvers_and_excludes_it_from_the_next_round(
    world: Any, rpcs: Any, owner: Any, solvers: Any
) -> None:
    office, _ = world
    intent_id = await award(office, owner)
    intent = (await office.find(intent_id)).intent
    await office.mine(31337, (intent_id, f.IntentOpened(intent, solvers[0].address, 995_000)))
    await office.mine(31338, seconds=181)
    await office.mine(31337, seconds=181)
    await loop.judge_lapses(office.desk, rpcs)
    (verdict,) = await verdicts(office, intent_id)
    assert (verdict.fact.event.fault, verdict.fact.position.chain_id) == (f.Fault.SOLVER, 31338)

    await loop.turn(office.desk)
    await office.bid(intent_id, 999_000, solvers[0])
    await office.bid(intent_id, 991_000, solvers[1])
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    found = await office.award_of(intent_id, solvers[1])
    assert (found.round, found.award.fill_by) == (2, office.now + 181 + 120)


async def test_verdict_waits_while_the_chain_does_not_answer_and_rounds_go_on(
    world: Any, rpcs: Any, owner: Any
) -> None:
    office, _ = world
    intent_id = await award(office, owner)
    await lapse(office, rpcs[31337])
    async with rpc.Rpc(["http://127.0.0.1:9"], 31337, timeout_seconds=1) as nobody:
        assert await loop.judge_lapses(office.desk, {31337: nobody}) == {31337}
    assert await verdicts(office, intent_id) == []
    other = await office.submit()
    await loop.turn(office.desk)
    assert len(await office.rounds_of(other)) == 1
    assert await loop.judge_lapses(office.desk, rpcs) == set()
    assert len(await verdicts(office, intent_id)) == 1
