"""Cancelling: by its user, once, and never while a solver holds an award."""

import asyncio

import pytest

from orbital.domain import facts
from orbital.domain.errors import Conflict
from orbital.domain.types import IntentId


async def test_pending_intent_is_cancelled_and_again_is_the_same(api):
    user = await api.funded_user()
    intent = await api.submitted(user)
    headers = await api.login(user)
    first = await api.client.post(api.path(intent, "/cancel"), headers=headers)
    again = await api.client.post(api.path(intent, "/cancel"), headers=headers)
    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert (again.status_code, again.json()) == (200, first.json())
    assert await api.count("SELECT count(*) FROM facts WHERE name = 'IntentCancelled'") == 1


async def test_intent_of_another_and_no_intent_look_alike(api):
    user, other = await api.funded_user(), await api.funded_user()
    intent = await api.submitted(user)
    headers = await api.login(other)
    unknown = f"/api/v1/intents/0x{'ab' * 32}/cancel"
    answers = [await api.client.post(path, headers=headers) for path in (api.path(intent, "/cancel"), unknown)]
    assert [one.status_code for one in answers] == [404, 404]
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert await api.count("SELECT count(*) FROM intents") == 1


async def test_matched_intent_is_409_and_opened_is_409(api):
    user, solver = await api.funded_user(), await api.bonded_solver()
    intent = await api.submitted(user)
    await api.award(intent, solver.address, 995_000)
    headers = await api.login(user)
    answer = await api.client.post(api.path(intent, "/cancel"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "intent_matched")
    opened = facts.IntentOpened(intent, solver.address, 995_000)
    await api.record_on_chain(31337, opened, api.intent_id(intent))
    answer = await api.client.post(api.path(intent, "/cancel"), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "intent_not_cancellable")


async def test_delivered_intent_whose_open_is_gone_can_not_be_cancelled(api):
    user, solver = await api.funded_user(), await api.bonded_solver()
    intent = await api.submitted(user)
    settler = api.network.chains[31338].settler
    fill = facts.IntentFilled(
        settler, solver.address, intent.recipient, intent.output_token, 995_000, 31337, solver.address
    )
    await api.record_on_chain(31338, fill, IntentId(api.intent_id(intent)))
    answer = await api.client.post(api.path(intent, "/cancel"), headers=await api.login(user))
    assert (answer.status_code, answer.json()["code"]) == (409, "intent_not_cancellable")


async def test_body_is_refused(api):
    user = await api.funded_user()
    intent = await api.submitted(user)
    answer = await api.client.post(api.path(intent, "/cancel"), headers=await api.login(user), json={"why": 1})
    assert answer.status_code == 422


@pytest.mark.parametrize("place", [0, 50, 100])
async def test_of_hundred_cancels_and_an_award_at_once_one_side_has_the_intent(api, place):
    user, solver = await api.funded_user(), await api.bonded_solver()
    intent, headers = await api.submitted(user), await api.login(user)
    racing = [api.client.post(api.path(intent, "/cancel"), headers=headers) for _ in range(100)]
    racing.insert(place, api.award_if_pending(intent, solver.address))
    answers = await asyncio.gather(*racing, return_exceptions=True)
    award = answers.pop(place)
    assert award is None or isinstance(award, Conflict)
    told = {(one.status_code, one.json().get("code", one.json().get("status"))) for one in answers}
    assert told == ({(409, "intent_matched")} if award is None else {(200, "cancelled")})
    assert await api.count("SELECT count(*) FROM facts WHERE name IN ('IntentCancelled', 'IntentAwarded')") == 1


@pytest.mark.parametrize("first", ["cancel", "award"])
async def test_cancel_and_award_at_once_never_both_win(api, first):
    user, solver = await api.funded_user(), await api.bonded_solver()
    headers = await api.login(user)
    intents = [await api.submitted(user) for _ in range(10)]

    async def award(intent) -> bool:
        try:
            await api.award_if_pending(intent, solver.address)
        except Conflict:
            return False
        return True

    async def cancel(intent) -> bool:
        answer = await api.client.post(api.path(intent, "/cancel"), headers=headers)
        assert answer.status_code == 200 or answer.json()["code"] == "intent_matched"
        return answer.status_code == 200

    async def race(intent) -> tuple[bool, bool]:
        pair = (cancel(intent), award(intent)) if first == "cancel" else (award(intent), cancel(intent))
        one, other = await asyncio.gather(*pair)
        return (one, other)

    outcomes = await asyncio.gather(*(race(intent) for intent in intents))
    assert all(one != other for one, other in outcomes)
    assert await api.count("SELECT count(*) FROM facts WHERE name IN ('IntentCancelled', 'IntentAwarded')") == 10
