"""Rounds on a real database: opened, closed with an award, idle, void."""

from typing import Any

import pytest

from orbital.auctioneer import loop
from orbital.chain import eip712, keys
from orbital.domain import errors
from orbital.domain import facts as f
from orbital.domain.lifecycle import Status
from orbital.domain.solver import Changes, Registration
from orbital.storage import leases, pool, profiles


async def test_submitted_intent_gets_a_round(office: Any) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    (opened,) = await office.rounds_of(intent_id)
    assert (opened.round, opened.state) == (1, "open")
    ((event, data),) = await office.announced("auctions")
    assert (event, data["intent_id"], data["round"]) == ("opened", "0x" + intent_id.hex(), 1)


async def test_best_score_gets_a_signed_award(
    office: Any, solvers: tuple[keys.Signer, ...], auctioneer: keys.Signer
) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000, solvers[0])
    await office.bid(intent_id, 996_000, solvers[1])
    await office.end_window(intent_id)
    await loop.turn(office.desk)

    view = await office.find(intent_id)
    assert (view.status, view.solver, view.output_amount) == (Status.MATCHED, solvers[1].address, 996_000)
    assert (view.open_by, view.fill_by) == (office.now + 60, office.now + 180)
    found = await office.award_of(intent_id, solvers[1])
    digest = eip712.award_digest(found.award, 31337, office.network.chains[31337].settler)
    assert keys.recover(digest, found.award_signature) == auctioneer.address
    assert await office.award_of(intent_id, solvers[0]) is None

    (closed,) = await office.rounds_of(intent_id)
    first, second = closed.outcome["bids"]
    assert (first["rank"], first["solver"], first["score"]) == (
        1,
        "0x" + solvers[1].address.hex(),
        str(996_000 * 997_500),
    )
    assert (second["rank"], second["reason"]) == (2, "outbid")
    assert closed.outcome["award"]["output_amount"] == "996000"
    assert [event for event, _ in await office.announced("auctions")] == ["opened", "closed"]
    ((event, data),) = await office.announced("awards")
    assert (event, data["solver"], data["round"]) == ("awarded", "0x" + solvers[1].address.hex(), 1)


async def test_award_never_reaches_past_the_deadlines(office: Any) -> None:
    intent_id = await office.submit(office.make_intent(open_deadline=office.now + 20, fill_deadline=office.now + 50))
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    view = await office.find(intent_id)
    assert (view.open_by, view.fill_by) == (office.now + 20, office.now + 50)


async def test_round_without_bids_waits_idle_until_one_comes(office: Any) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    assert (await office.find(intent_id)).status is Status.PENDING
    (idle,) = await office.rounds_of(intent_id)
    assert (idle.state, idle.outcome["reason"]) == ("open", "no_bids")
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    assert (await office.find(intent_id)).status is Status.MATCHED
    assert [event for event, _ in await office.announced("auctions")] == ["opened", "idle", "closed"]


async def test_bids_without_bond_or_below_the_minimum_do_not_win(office: Any, solvers: tuple[keys.Signer, ...]) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 999_000, solvers[2])
    await office.bid(intent_id, 989_999, solvers[0])
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    (idle,) = await office.rounds_of(intent_id)
    assert idle.outcome["reason"] == "no_valid_bids"
    assert {bid["reason"] for bid in idle.outcome["bids"]} == {"not_eligible", "bid_too_low"}


async def test_benched_solver_does_not_win(office: Any, solvers: tuple[keys.Signer, ...]) -> None:
    intent_id = await office.submit()
    for number in range(3):
        lapse = f.Fact(
            bytes(31) + bytes([number]), f.AwardLapsed(1, solvers[0].address, f.Fault.SOLVER), None, office.now
        )
        await office.record(lapse)
    await loop.turn(office.desk)
    await office.bid(intent_id, 999_000, solvers[0])
    await office.bid(intent_id, 991_000, solvers[1])
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    (closed,) = await office.rounds_of(intent_id)
    assert closed.outcome["award"]["solver"] == "0x" + solvers[1].address.hex()
    assert closed.outcome["bids"][1]["reason"] == "benched"


async def test_solver_that_was_suspended_or_paused_itself_after_its_bid_does_not_win(
    office: Any, solvers: tuple[keys.Signer, ...]
) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 999_000, solvers[0])
    await office.bid(intent_id, 991_000, solvers[1])
    await office.end_window(intent_id)
    told = Registration(solvers[1].address, "Lane", (31337, 31338), 5, "", 1, office.now)
    async with pool.transaction(office.desk.pool) as connection:
        await profiles.register(connection, told, b"")
        await profiles.change(connection, told.solver, Changes(is_paused=True))
        await profiles.decide(connection, solvers[0].address, profiles.Verdict.SUSPENDED, "No.", solvers[0].address)
    await loop.turn(office.desk)
    (idle,) = await office.rounds_of(intent_id)
    assert [bid["reason"] for bid in idle.outcome["bids"]] == ["not_eligible"] * 2

    async with pool.transaction(office.desk.pool) as connection:
        await profiles.change(connection, told.solver, Changes(is_paused=False, chain_ids=(31338, 31337)))
    await office.bid(intent_id, 992_000, solvers[1])
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    (closed,) = await office.rounds_of(intent_id)
    assert closed.outcome["award"]["solver"] == "0x" + solvers[1].address.hex()


async def test_cancelled_intent_voids_its_round(
    office: Any, user: keys.Signer, solvers: tuple[keys.Signer, ...]
) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await office.record(f.Fact(intent_id, f.IntentCancelled(user.address), None, office.now))
    await loop.turn(office.desk)
    assert [one.state for one in await office.rounds_of(intent_id)] == ["void"]
    assert await office.award_of(intent_id) is None


async def test_no_award_when_the_open_deadline_is_too_near(office: Any) -> None:
    intent_id = await office.submit(office.make_intent(open_deadline=office.now + 3))
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    (idle,) = await office.rounds_of(intent_id)
    assert (idle.state, idle.outcome["reason"], idle.outcome["award"]) == ("open", "deadline_too_near", None)
    await office.mine(31337, seconds=4)
    await loop.turn(office.desk)
    assert [one.state for one in await office.rounds_of(intent_id)] == ["void"]


async def test_no_award_while_a_chain_is_not_followed(office: Any) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    async with pool.transaction(office.desk.pool) as connection:
        await connection.execute("UPDATE checkpoints SET status = 'unreachable' WHERE chain_id = 31338")
    await loop.turn(office.desk)
    (idle,) = await office.rounds_of(intent_id)
    assert idle.outcome["reason"] == "chain_stalled"


async def test_no_award_while_the_indexer_of_a_chain_is_gone(office: Any) -> None:
    """Its last word was ok: that it holds its lease no more says that this word is old."""
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    async with pool.transaction(office.desk.pool) as connection:
        lease = await leases.acquire(connection, "indexer-31337", "gone", 60)
        await leases.release(connection, lease)
    await loop.turn(office.desk)
    (idle,) = await office.rounds_of(intent_id)
    assert (idle.state, idle.outcome["reason"]) == ("open", "chain_stalled")
    async with pool.transaction(office.desk.pool) as connection:
        await leases.acquire(connection, "indexer-31337", "back", 60)
    await office.mine(31337)
    await office.bid(intent_id, 995_001)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    assert (await office.find(intent_id)).status == "matched"


async def test_intent_that_its_user_opened_is_auctioned(office: Any) -> None:
    intent = office.make_intent()
    intent_id = eip712.intent_id(intent, office.network.chains[31337].settler)
    await office.mine(31337, (intent_id, f.IntentOpened(intent, bytes(20), intent.min_output_amount)))
    await office.mine(31338, seconds=5)
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    view = await office.find(intent_id)
    assert (view.status, view.fill_by) == (Status.OPENED, office.now + 5 + 120)
    assert (await office.award_of(intent_id)).user_signature is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"output_token": b"\x01" * 20}, "unsupported_token"),
        ({"open_deadline": 1_000_000_000}, "deadline_out_of_range"),
        ({"min_output_amount": 0}, "invalid_amount"),
    ],
)
async def test_opened_intent_that_intake_would_refuse_is_not_auctioned_and_not_looked_at_again(
    office: Any, changes: dict[str, Any], code: str
) -> None:
    intent = office.make_intent(**changes)
    intent_id = eip712.intent_id(intent, office.network.chains[31337].settler)
    await office.mine(31337, (intent_id, f.IntentOpened(intent, bytes(20), intent.min_output_amount)))
    for _ in range(3):
        await loop.turn(office.desk)
    (refused,) = await office.rounds_of(intent_id)
    assert (refused.state, refused.outcome) == ("void", {"refused": code})
    assert await office.announced("auctions") == []


async def test_solver_of_a_delivered_intent_may_open_it_again_after_a_reorg(
    office: Any, solvers: tuple[keys.Signer, ...]
) -> None:
    intent_id = await office.submit()
    intent = (await office.find(intent_id)).intent
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    await loop.turn(office.desk)
    await office.mine(31337, (intent_id, f.IntentOpened(intent, solvers[0].address, 995_000)))
    filled = f.IntentFilled(
        office.network.chains[31338].settler, solvers[0].address, intent.recipient, intent.output_token, 995_000,
        31337, solvers[0].address,
    )  # fmt: skip
    await office.mine(31338, (intent_id, filled))
    await office.rollback(31337)
    await office.mine(31337, seconds=61)
    assert (await office.find(intent_id)).status is Status.PENDING

    await loop.turn(office.desk)
    view = await office.find(intent_id)
    assert (view.status, view.round, view.open_by) == (Status.MATCHED, 2, office.now + 121)
    assert (await office.award_of(intent_id)).award.output_amount == 995_000
    assert [(one.state, one.outcome["reason"]) for one in await office.rounds_of(intent_id)] == [
        ("closed", None),
        ("closed", "reopen"),
    ]


async def test_award_of_a_lost_lease_is_not_written(office: Any) -> None:
    intent_id = await office.submit()
    await loop.turn(office.desk)
    await office.bid(intent_id, 995_000)
    await office.end_window(intent_id)
    async with pool.transaction(office.desk.pool) as connection:
        await leases.release(connection, office.desk.lease)
        assert await leases.acquire(connection, "auctioneer", "another", 60) is not None
    with pytest.raises(errors.Conflict) as lost:
        await loop.turn(office.desk)
    assert lost.value.code == "lease_lost"
    assert await office.award_of(intent_id) is None
    assert (await office.find(intent_id)).status is Status.PENDING
