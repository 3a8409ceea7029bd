"""Awards come to their end when facts are final, whoever counts and whenever, and only a rewind takes it back."""

import asyncio
import dataclasses
import random

import pytest

from orbital.analytics import conclude, desk
from orbital.analytics import loop as analytics_loop
from orbital.analytics.settings import AnalyticsSettings
from orbital.auctioneer import loop
from orbital.chain import keys
from orbital.domain import auction
from orbital.domain import facts as f
from orbital.domain.errors import Conflict
from orbital.domain.types import BlockNumber
from orbital.storage import chains, claims, conclusions, leases, pool, rebuild, rewind, scores

ORIGIN, DESTINATION = 31337, 31338
PATIENCE_SECONDS = 30
SCORED = "SELECT reputation FROM solver_scores WHERE address = $1 AND (inputs ->> 'filled_ppm')::bigint = 2000000"
WAITERS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@dataclasses.dataclass
class Books:
    """An office whose awards are concluded."""

    office: object
    desk: desk.Desk
    concluder: conclude.Concluder

    async def award(self, *bids: tuple[int, keys.Signer], intent_id=None):
        """An intent that is awarded to the best of these (amount, solver)."""
        intent = None
        if intent_id is None:
            intent = self.office.make_intent()
            intent_id = await self.office.submit(intent)
        await loop.turn(self.office.desk)
        for amount, solver in bids:
            await self.office.bid(intent_id, amount, solver)
        await self.office.end_window(intent_id)
        await loop.turn(self.office.desk)
        return intent_id, intent

    async def open(self, intent_id, intent, solver, amount, **when):
        await self.office.mine(ORIGIN, (intent_id, f.IntentOpened(intent, solver.address, amount)), **when)

    async def fill(self, intent_id, intent, solver, amount, **when):
        settler = self.office.network.chains[DESTINATION].settler
        event = f.IntentFilled(
            settler, solver.address, intent.recipient, intent.output_token, amount, ORIGIN, solver.address
        )
        await self.office.mine(DESTINATION, (intent_id, event), **when)

    async def lapse(self, intent_id, round_, solver, fault, **when):
        """A block passes the award's `open_by`, and the verdict stands in it."""
        at = await self.office.mine(ORIGIN, **when)
        stamp = when.get("at") or self.office.now + when["seconds"]
        await self.office.record(f.Fact(intent_id, f.AwardLapsed(round_, solver.address, fault), at, stamp))

    async def verify(self, chain_id, number=None):
        """Everything that is indexed of the chain is final, or everything up to a block."""
        number = number or self.office.heights[chain_id]
        async with pool.transaction(self.desk.pool) as connection:
            hashes = await chains.list_block_hashes(connection, chain_id, number, number)
            assert await chains.put_verified(connection, chain_id, number, hashes[number])

    async def conclude(self):
        return await self.concluder.turn(self.desk)

    async def rows(self):
        """Everything that is concluded, by (intent, round)."""
        async with pool.acquire(self.desk.pool) as connection:
            found = await connection.fetch("SELECT * FROM concluded_awards ORDER BY intent_id, round")
        return {(row["intent_id"], row["round"]): dict(row) for row in found}

    async def fetch(self, statement, *arguments: object):
        async with pool.acquire(self.desk.pool) as connection:
            return [tuple(row) for row in await connection.fetch(statement, *arguments)]


@pytest.fixture
async def books(office):
    async with pool.transaction(office.desk.pool) as connection:
        lease = await leases.acquire(connection, conclusions.LEASE, "test", 60)
    at = desk.Desk(office.desk.pool, lease, office.network, AnalyticsSettings())
    return Books(office, at, conclude.Concluder())


async def deliver(books, solvers):
    """An intent that the first solver opens after 3 s and fills after 5, having bid more than the second one."""
    first, second, _ = solvers
    intent_id, intent = await books.award((1_000_000, first), (998_000, second))
    await books.open(intent_id, intent, first, 1_000_000, seconds=3)
    await books.fill(intent_id, intent, first, 1_000_000, seconds=5)
    return intent_id, intent


async def test_a_delivery_counts_when_both_of_its_blocks_are_final(books, solvers):
    intent_id, intent = await deliver(books, solvers)
    for chain_id in (DESTINATION, ORIGIN):
        assert not await books.conclude()
        assert await books.rows() == {}
        await books.verify(chain_id)
    await books.conclude()
    ((awarded_at,),) = await books.fetch("SELECT floor(extract(epoch FROM created_at))::bigint FROM awards")
    expected = {
        "intent_id": intent_id,
        "round": 1,
        "solver": solvers[0].address,
        "user_address": intent.user,
        "result": "filled",
        "awarded_at": awarded_at,
        "concluded_at": books.office.now + 5,
        "open_seconds": max(0, books.office.now + 3 - awarded_at),
        "fill_seconds": max(0, books.office.now + 5 - awarded_at),
        "improvement_ppm": 2_000 * 1_000_000 // 998_000,
        "chain_id": DESTINATION,
        "token": intent.output_token,
        "amount": 1_000_000,
    }
    assert await books.rows() == {(intent_id, 1): expected}
    assert await books.fetch("SELECT intent_id FROM awards WHERE NOT concluded") == []
    await books.conclude()
    assert await books.rows() == {(intent_id, 1): expected}


async def test_a_lone_bidder_improves_nothing_and_a_step_before_the_award_takes_no_time(books, solvers):
    intent_id, intent = await books.award((1_000_000, solvers[0]))
    await books.open(intent_id, intent, solvers[0], 1_000_000, seconds=-30)
    await books.fill(intent_id, intent, solvers[0], 1_000_000, seconds=-20)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.conclude()
    (row,) = (await books.rows()).values()
    assert (row["open_seconds"], row["fill_seconds"], row["improvement_ppm"]) == (0, 0, None)


async def test_an_immense_improvement_is_stored_as_far_as_it_fits(books, solvers):
    intent_id, intent = await books.award((2**255, solvers[0]), (990_000, solvers[1]))
    await books.open(intent_id, intent, solvers[0], 2**255)
    await books.fill(intent_id, intent, solvers[0], 2**255)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.conclude()
    (row,) = (await books.rows()).values()
    assert (row["improvement_ppm"], row["amount"]) == (2**53 - 1, 2**255)


async def test_the_next_auction_weighs_bids_with_what_became_final(books, solvers):
    """The process at work, from the deliveries to the outcome of the next round."""
    first, second, _ = solvers
    async with pool.transaction(books.desk.pool) as connection:
        await leases.release(connection, books.desk.lease)
    settings = AnalyticsSettings(rhythm_seconds=0.02)
    counting = asyncio.create_task(analytics_loop.run(books.desk.pool, books.office.network, settings))
    try:
        for _ in range(2):
            await deliver(books, solvers)
        await books.verify(ORIGIN)
        await books.verify(DESTINATION)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (scored := await books.fetch(SCORED, first.address)):
                assert not counting.done()
                await asyncio.sleep(0.01)
    finally:
        counting.cancel()
        (ended,) = await asyncio.gather(counting, return_exceptions=True)
    assert isinstance(ended, asyncio.CancelledError)
    ((earned,),) = scored
    assert earned > auction.NEW_SOLVER_REPUTATION
    # The first bids a little less, and wins by what he did before.
    intent_id, _ = await books.award((1_000_000, first), (1_000_000 + earned // 100, second))
    (round_,) = await books.office.rounds_of(intent_id)
    bids = round_.outcome["bids"]
    assert [bid["reputation"] for bid in bids] == [earned, auction.NEW_SOLVER_REPUTATION]
    assert [bytes.fromhex(bid["solver"][2:]) for bid in bids] == [first.address, second.address]


@pytest.mark.parametrize(("fault", "result"), [(f.Fault.SOLVER, "lapsed"), (f.Fault.USER, "excused")])
async def test_a_verdict_counts_when_its_block_is_final(books, solvers, fault, result):
    first, second, _ = solvers
    intent_id, _ = await books.award((1_000_000, first), (1_000_000, second))
    await books.lapse(intent_id, 1, first, fault, seconds=61)
    await books.conclude()
    assert await books.rows() == {}
    await books.verify(ORIGIN)
    await books.conclude()
    (row,) = (await books.rows()).values()
    assert (row["solver"], row["result"], row["concluded_at"]) == (first.address, result, books.office.now + 61)
    assert (row["open_seconds"], row["fill_seconds"], row["amount"]) == (None, None, 1_000_000)


@pytest.mark.parametrize(("falls", "result"), [(True, "filled"), (False, "lapsed")], ids=["falls", "stays"])
async def test_a_delivery_waits_for_a_verdict_that_may_still_fall(books, solvers, falls, result):
    intent_id, _ = await deliver(books, solvers)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.lapse(intent_id, 1, solvers[0], f.Fault.SOLVER, seconds=61)
    await books.conclude()
    assert await books.rows() == {}
    if falls:
        await books.office.rollback(ORIGIN)
    else:
        await books.verify(ORIGIN)
    await books.conclude()
    assert [row["result"] for row in (await books.rows()).values()] == [result]


async def test_a_delivery_after_anothers_lapse_is_the_second_solvers(books, solvers):
    first, second, _ = solvers
    intent_id, intent = await books.award((1_000_000, first))
    await books.office.mine(DESTINATION, seconds=182)
    await books.lapse(intent_id, 1, first, f.Fault.SOLVER, seconds=61)
    await books.award((999_000, second), intent_id=intent_id)
    await books.open(intent_id, intent, second, 999_000, seconds=62)
    await books.fill(intent_id, intent, second, 999_000, seconds=183)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.conclude()
    found = {round_: (row["solver"], row["result"]) for (_, round_), row in (await books.rows()).items()}
    assert found == {1: (first.address, "lapsed"), 2: (second.address, "filled")}


async def test_a_solver_that_had_to_open_again_is_paid_in_reputation_once(books, solvers):
    intent_id, intent = await books.award((1_000_000, solvers[0]))
    await books.open(intent_id, intent, solvers[0], 1_000_000)
    await books.fill(intent_id, intent, solvers[0], 1_000_000)
    await books.office.rollback(ORIGIN)
    await books.office.mine(ORIGIN, seconds=61)
    await loop.turn(books.office.desk)
    await books.open(intent_id, intent, solvers[0], 1_000_000, seconds=62)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.conclude()
    assert {round_: row["result"] for (_, round_), row in (await books.rows()).items()} == {
        1: "filled",
        2: "superseded",
    }


async def test_every_award_is_looked_at_though_a_page_is_smaller_than_what_waits_for_ever(books, solvers):
    waiting = [(await books.award((1_000_000, solvers[0])))[0] for _ in range(3)]
    intent_id, _ = await deliver(books, solvers)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    books.concluder = conclude.Concluder(page=2)
    for _ in range(4):
        await books.conclude()
    assert [one for one, _ in await books.rows()] == [intent_id]
    left = await books.fetch("SELECT intent_id FROM awards WHERE NOT concluded ORDER BY created_at")
    assert [one for (one,) in left] == waiting


async def test_a_rewind_takes_back_what_rested_on_its_blocks_and_no_more(books, solvers):
    kept, _ = await deliver(books, solvers)
    await books.verify(DESTINATION)
    before = BlockNumber(books.office.heights[DESTINATION])
    intent_id, intent = await deliver(books, solvers)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.conclude()
    rows = await books.rows()
    async with pool.transaction(books.desk.pool) as connection:
        await scores.score(connection, [one.address for one in solvers[:2]])
    assert {one for one, _ in rows} == {kept, intent_id}
    await rewind.rewind(books.desk.pool, DESTINATION, before, books.office.network.rules)
    assert await books.rows() == {place: row for place, row in rows.items() if place[0] == kept}
    due = await books.fetch("SELECT address, is_due FROM solver_scores")
    assert dict(due) == {solvers[0].address: True, solvers[1].address: False}
    await books.conclude()
    assert len(await books.rows()) == 1
    books.office.heights[DESTINATION] = before
    await books.fill(intent_id, intent, solvers[0], 1_000_000, seconds=5)
    await books.verify(DESTINATION)
    await books.conclude()
    assert await books.rows() == rows


async def test_what_is_being_concluded_when_a_rewind_begins_is_taken_back_as_well(books, solvers):
    intent_id, _ = await deliver(books, solvers)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    before = BlockNumber(books.office.heights[DESTINATION] - 1)
    async with pool.transaction(books.desk.pool) as connection:
        await leases.hold(connection, books.desk.lease)
        rewinding = asyncio.create_task(rewind.rewind(books.desk.pool, DESTINATION, before, books.office.network.rules))
        while not await books.fetch(WAITERS):
            assert not rewinding.done()
            await asyncio.sleep(0)
        await conclusions.conclude(connection, [intent_id])
    await rewinding
    assert await books.rows() == {}
    assert await books.fetch("SELECT intent_id FROM awards WHERE NOT concluded") == [(intent_id,)]


async def test_the_first_that_ever_concludes_waits_for_a_rewind_that_began_before_it(books, solvers):
    intent_id, _ = await deliver(books, solvers)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    before = BlockNumber(books.office.heights[DESTINATION] - 1)
    await books.fetch("DELETE FROM leases WHERE name = $1", conclusions.LEASE)

    async def conclude_first():
        lease = None
        while lease is None:
            async with pool.transaction(books.desk.pool) as connection:
                lease = await leases.acquire(connection, conclusions.LEASE, "first", 60)
        books.desk = dataclasses.replace(books.desk, lease=lease)
        await books.conclude()

    async with pool.transaction(books.desk.pool) as connection:
        await claims.lock_intents(connection, [intent_id])
        rewinding = asyncio.create_task(rewind.rewind(books.desk.pool, DESTINATION, before, books.office.network.rules))
        while len(await books.fetch(WAITERS)) < 1:
            assert not rewinding.done()
        concluding = asyncio.create_task(conclude_first())
        while len(await books.fetch(WAITERS)) < 2 and not concluding.done():
            pass
    await asyncio.gather(rewinding, concluding)
    assert await books.rows() == {}
    assert await books.fetch("SELECT intent_id FROM awards WHERE NOT concluded") == [(intent_id,)]
    assert books.desk.lease.epoch == 1


async def test_a_rebuild_gives_the_same_rows_whatever_became_of_them(books, solvers):
    intent_id, _ = await deliver(books, solvers)
    other, _ = await books.award((1_000_000, solvers[1]))
    await books.lapse(other, 1, solvers[1], f.Fault.SOLVER, seconds=61)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    await books.conclude()
    async with pool.transaction(books.desk.pool) as connection:
        await scores.score(connection, [one.address for one in solvers[:2]])
    every_score = "SELECT address, reputation, version, as_of, inputs, is_due FROM solver_scores ORDER BY address"
    rows, scored = await books.rows(), await books.fetch(every_score)
    assert len(rows) == len(scored) == 2
    await books.fetch("UPDATE concluded_awards SET amount = 7 WHERE intent_id = $1", intent_id)
    await books.fetch("DELETE FROM concluded_awards WHERE intent_id = $1", other)
    await books.fetch("INSERT INTO concluded_awards SELECT sha256('lost'), round, solver, user_address, result, 1, 1, "
                      "NULL, NULL, NULL, chain_id, token, amount FROM concluded_awards")  # fmt: skip
    await books.fetch("UPDATE solver_scores SET reputation = 7")
    await books.fetch("INSERT INTO solver_scores VALUES ($1, 7, 1, now(), '{}')", bytes(20))
    await rebuild.rebuild(books.desk.pool, books.office.network.rules)
    assert await books.rows() == rows
    assert await books.fetch(every_score) == scored
    assert await books.fetch("SELECT 1 FROM awards WHERE NOT concluded") == []


@pytest.mark.parametrize("seed", range(2))
async def test_how_an_award_ended_is_the_same_however_often_and_early_it_was_asked(books, solvers, seed):
    """Finality comes block by block, now on one chain and now on the other, and each time there is a look."""
    fates = {}
    for fault in (None, f.Fault.SOLVER, None, f.Fault.USER, None):
        intent_id, intent = await books.award((1_000_000, solvers[0]), (999_000, solvers[1]))
        if fault is None:
            await books.fill(intent_id, intent, solvers[0], 1_000_000)
            await books.open(intent_id, intent, solvers[0], 1_000_000)
        else:
            await books.lapse(intent_id, 1, solvers[0], fault, seconds=1)
        fates[intent_id] = {None: "filled", f.Fault.SOLVER: "lapsed", f.Fault.USER: "excused"}[fault]
    steps = [chain_id for chain_id, height in books.office.heights.items() for _ in range(height)]
    random.Random(seed).shuffle(steps)
    reached, counts = dict.fromkeys(books.office.heights, 0), []
    for chain_id in steps:
        reached[chain_id] += 1
        await books.verify(chain_id, reached[chain_id])
        await books.conclude()
        counts.append(len(await books.rows()))
    rows = await books.rows()
    assert {intent_id: row["result"] for (intent_id, _), row in rows.items()} == fates
    assert len(set(counts)) > 3
    await rebuild.rebuild(books.desk.pool, books.office.network.rules)
    assert await books.rows() == rows


async def test_who_lost_the_lease_concludes_nothing(books, solvers):
    await deliver(books, solvers)
    await books.verify(ORIGIN)
    await books.verify(DESTINATION)
    async with pool.transaction(books.desk.pool) as connection:
        await leases.seize(connection, conclusions.LEASE, "another", 60)
    with pytest.raises(Conflict, match="lease_lost"):
        await books.conclude()
    assert await books.rows() == {}
