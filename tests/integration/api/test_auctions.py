"""Bids, awards, and auctions that stay sealed until their intent is opened or has ended."""

import asyncio

import pytest

from orbital.api.schemas import auctions as schemas
from orbital.api.schemas import intents as intent_schemas
from orbital.chain import hexes, keys
from orbital.domain import facts
from orbital.realtime.bus import Bus
from orbital.realtime.messages import Message
from orbital.storage import auctions


@pytest.fixture
async def scene(api):
    """A pending intent whose auction runs for a minute, and a solver with its login."""
    user, solver = await api.funded_user(), await api.bonded_solver()
    intent = await api.submitted(user)
    return intent, solver, await api.login(solver)


async def bid(api, intent, body, headers):
    answer = await api.client.post(api.path(intent, "/bids"), json=body, headers=headers)
    return answer.status_code, answer.json().get("code")


async def test_pending_lists_open_auctions_for_solvers_alone(api, scene):
    intent, _, headers = scene
    shown = (await api.client.get("/api/v1/intents/pending", headers=headers)).json()
    schemas.ShownPendings.model_validate(shown)
    assert [one["intent_id"] for one in shown["data"]] == [hexes.to_hex(api.intent_id(intent))]
    for query, count in (("chains=31337,31338", 1), ("chains=1,31338", 0)):
        found = await api.client.get(f"/api/v1/intents/pending?{query}", headers=headers)
        assert len(found.json()["data"]) == count
    stranger = await api.login(keys.generate_signer())
    assert (await api.client.get("/api/v1/intents/pending", headers=stranger)).status_code == 403


async def test_good_bid_is_accepted_and_shown_to_nobody(api, scene):
    intent, solver, headers = scene
    answer = await api.client.post(api.path(intent, "/bids"), json=api.bid(intent, solver), headers=headers)
    schemas.AcceptedBid.model_validate(answer.json())
    assert (answer.status_code, answer.json()["status"]) == (201, "accepted")
    sealed = await api.client.get(api.path(intent, "/auction"))
    assert (sealed.status_code, sealed.json()["code"]) == (404, "auction_open")
    for path in ("", "/status", "/events"):
        text = (await api.client.get(api.path(intent, path))).text
        assert hexes.to_checksum(solver.address) not in text
        assert "995000" not in text


async def test_each_wrong_bid_has_its_status_and_code(api, scene):
    intent, solver, headers = scene
    soon = int(api.now()) + 10
    assert await bid(api, intent, api.bid(intent, solver, output_amount=989_999), headers) == (422, "bid_too_low")
    assert await bid(api, intent, api.bid(intent, solver, valid_until=soon), headers) == (422, "bid_expired")
    assert await bid(api, intent, api.bid(intent, solver, solver=b"\1" * 20), headers) == (403, "wrong_solver")
    forged = api.bid(intent, keys.generate_signer(), solver=solver.address)
    assert await bid(api, intent, forged, headers) == (422, "invalid_signature")
    assert await bid(api, intent, api.bid(intent, solver, intent_id=b"\1" * 32), headers) == (422, "invalid_request")
    poor = await api.bonded_solver(10**18 - 1)
    assert await bid(api, intent, api.bid(intent, poor), await api.login(poor)) == (403, "not_eligible")
    unknown = api.intent(solver.address)
    assert await bid(api, unknown, api.bid(unknown, solver), headers) == (404, "not_found")
    assert await api.count("SELECT count(*) FROM bids") == 0


async def test_benched_solver_and_one_that_lapsed_here_are_refused(api, scene):
    intent, solver, headers = scene
    other = await api.submitted(await api.funded_user())
    await api.lapse(intent, solver.address, 1)
    assert await bid(api, intent, api.bid(intent, solver), headers) == (403, "not_eligible")
    for round_ in (2, 3):
        await api.lapse(intent, solver.address, round_)
    assert await bid(api, other, api.bid(other, solver), headers) == (403, "benched")


async def test_closed_and_passed_rounds_take_no_bids_and_idle_ones_start_again(api, scene):
    intent, solver, headers = scene
    await api.execute("UPDATE auctions SET closes_at = now()")
    assert await bid(api, intent, api.bid(intent, solver), headers) == (409, "auction_closed")
    await api.execute("UPDATE auctions SET idle = true")
    status = (await api.client.get(api.path(intent, "/status"))).json()
    assert status["explain"]["code"] == "no_valid_bids"
    assert await bid(api, intent, api.bid(intent, solver), headers) == (201, None)
    assert await api.count("SELECT count(*) FROM auctions WHERE NOT idle AND closes_at > now()") == 1


async def test_cancelled_intent_takes_no_bids_and_its_auction_is_public(api, scene):
    intent, solver, headers = scene
    assert await bid(api, intent, api.bid(intent, solver), headers) == (201, None)
    await api.execute("UPDATE intents SET status = 'cancelled', auctionable = false")
    assert await bid(api, intent, api.bid(intent, solver), headers) == (409, "auction_closed")
    shown = (await api.client.get(api.path(intent, "/auction"))).json()
    schemas.ShownAuction.model_validate(shown)
    assert shown["rounds"][0]["bids"][0]["output_amount"] == "995000"


async def test_award_is_for_its_winner_alone(api, scene):
    intent, solver, headers = scene
    await api.award(intent, solver.address, 995_000)
    found = await api.client.get(api.path(intent, "/award"), headers=headers)
    schemas.ShownAward.model_validate(found.json())
    assert found.json()["award"]["solver"] == hexes.to_checksum(solver.address)
    assert len(found.json()["signature"]) == 132
    other = await api.login(await api.bonded_solver())
    assert (await api.client.get(api.path(intent, "/award"), headers=other)).status_code == 404
    path = f"/api/v1/solver/{hexes.to_checksum(solver.address)}/awards?live=true"
    assert (await api.client.get(path, headers=other)).status_code == 404
    listed = (await api.client.get(path, headers=headers)).json()
    schemas.ShownAwards.model_validate(listed)
    assert listed["data"] == [found.json()]
    status = (await api.client.get(api.path(intent, "/status"))).json()
    intent_schemas.ShownStatus.model_validate(status)
    assert (status["explain"]["code"], status["progress"]["percentage"]) == ("awaiting_open", 40)


@pytest.mark.parametrize("is_published", [True, False])
async def test_long_poll_answers_as_soon_as_there_is_an_award(api, scene, redis_url, is_published):
    intent, solver, headers = scene
    path = f"/api/v1/solver/{hexes.to_checksum(solver.address)}/awards?live=true&wait=20"
    poll = asyncio.create_task(api.client.get(path, headers=headers))
    await api.award(intent, solver.address, 995_000)
    if is_published:
        data = {"solver": hexes.to_hex(solver.address), "intent_id": hexes.to_hex(api.intent_id(intent)), "round": 1}
        async with Bus(redis_url) as bus:
            await bus.publish([Message(1, "awards", "awarded", data)])
    async with asyncio.timeout(10):  # half of what it would wait for
        answer = await poll
    assert len(answer.json()["data"]) == 1
    same = await api.client.get(
        path.replace("wait=20", "wait=1"), headers=headers | {"if-none-match": answer.headers["etag"]}
    )
    assert same.status_code == 304


async def test_long_poll_without_an_award_ends_empty(api, scene):
    _, solver, headers = scene
    path = f"/api/v1/solver/{hexes.to_checksum(solver.address)}/awards?live=true&wait=1"
    assert (await api.client.get(path, headers=headers)).json() == {"data": [], "next_cursor": None}


async def test_waiting_asks_for_the_list_at_its_start_and_at_its_end_alone(api, scene, monkeypatch):
    _, solver, headers = scene
    path = f"/api/v1/solver/{hexes.to_checksum(solver.address)}/awards?live=true&wait=3"
    listed, list_awards = [], auctions.list_awards

    async def count(*given: object, **named: object) -> list[auctions.AwardView]:
        listed.append(1)
        return await list_awards(*given, **named)

    monkeypatch.setattr(auctions, "list_awards", count)
    answers = await asyncio.gather(*(api.client.get(path, headers=headers) for _ in range(20)))
    assert [one.json()["data"] for one in answers] == [[]] * 20
    assert len(listed) == 2 * 20


async def test_those_who_wait_are_answered_when_the_process_ends(api, scene):
    _, solver, headers = scene
    path = f"/api/v1/solver/{hexes.to_checksum(solver.address)}/awards?live=true&wait=20"
    polls = [asyncio.create_task(api.client.get(path, headers=headers)) for _ in range(5)]
    await asyncio.wait(polls, timeout=0.3)
    api.app.state.services.waiting.close()
    async with asyncio.timeout(10):
        assert [one.json()["data"] for one in await asyncio.gather(*polls)] == [[]] * 5


async def test_own_intents_are_paged_and_stable_under_inserts(api):
    user = await api.funded_user()
    headers = await api.login(user)
    intents = [await api.submitted(user) for _ in range(5)]
    first = (await api.client.get("/api/v1/intents?limit=2", headers=headers)).json()
    intent_schemas.ShownIntents.model_validate(first)
    late = await api.submitted(user)
    seen, cursor = list(first["data"]), first["next_cursor"]
    while cursor is not None:
        page = (await api.client.get(f"/api/v1/intents?limit=2&cursor={cursor}", headers=headers)).json()
        seen, cursor = seen + page["data"], page["next_cursor"]
    ids = [one["intent_id"] for one in seen]
    assert len(ids) == len(set(ids))
    assert {hexes.to_hex(api.intent_id(one)) for one in intents} <= set(ids) | {hexes.to_hex(api.intent_id(late))}
    assert (await api.client.get("/api/v1/intents?status=opened", headers=headers)).json()["data"] == []
    for query in ("limit=0", "limit=101", "limit=x", "limit=1&limit=2", "cursor=x", "status=no", "origin_chain_id=a"):
        answer = await api.client.get(f"/api/v1/intents?{query}", headers=headers)
        assert answer.status_code == 422, query


async def test_events_show_facts_with_their_proof(api, scene):
    intent, solver, _ = scene
    await api.award(intent, solver.address, 995_000)
    await api.record_on_chain(31337, facts.IntentOpened(intent, solver.address, 995_000), api.intent_id(intent))
    shown = (await api.client.get(api.path(intent, "/events"))).json()
    intent_schemas.ShownEvents.model_validate(shown)
    assert [one["name"] for one in shown["data"]] == ["IntentSubmitted", "IntentAwarded", "IntentOpened"]
    assert shown["data"][0]["data"]["intent"]["user"] == hexes.to_checksum(intent.user)
    assert [one["chain_id"] for one in shown["data"]] == [None, None, 31337]
    one = (await api.client.get(api.path(intent, "/events?limit=1"))).json()
    rest = (await api.client.get(api.path(intent, f"/events?cursor={one['next_cursor']}"))).json()
    assert one["data"] + rest["data"] == shown["data"]
