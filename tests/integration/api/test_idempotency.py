"""A POST with a key is carried out once, whatever happens to the caller or to the process."""

import asyncio
import uuid

import fastapi
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from orbital.chain import hexes, keys

PATH = "/api/v1/count"


class Counter:
    """An operation that counts how often it was carried out."""

    def __init__(self, app: fastapi.FastAPI) -> None:
        self.count, self.status, self.gate = 0, 201, asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()
        app.add_api_route(PATH, self.answer, methods=["POST"])

    async def answer(self, request: Request) -> JSONResponse:
        body = (await request.body()).decode()
        self.count += 1
        self.begun.set()
        await self.gate.wait()
        if self.status == 0:
            raise ZeroDivisionError
        shown = {"count": self.count, "body": body}
        return JSONResponse(shown, self.status, {"Location": f"{PATH}/{self.count}", "X-Own": "1"})


@pytest.fixture
def counter(api):
    return Counter(api.app)


@pytest.fixture
def post(api):
    async def send(key, body="a", path=PATH, **headers):
        return await api.client.post(path, content=body, headers={"Idempotency-Key": key} | headers)

    return send


def core(answer):
    return answer.status_code, answer.content, answer.headers.get("location"), answer.headers["content-type"]


async def test_a_repeat_is_given_the_first_answer(counter, post):
    first, again = await post("k"), await post("k")
    assert core(first) == core(again)
    assert first.headers["location"] == f"{PATH}/1"
    assert ("idempotent-replayed" in first.headers, again.headers["idempotent-replayed"]) == (False, "true")
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert counter.count == 1
    assert (await post("other")).json()["count"] == 2


async def test_refusals_are_repeated_too(counter, post):
    counter.status = 409
    first = await post("k")
    counter.status = 201
    assert core(await post("k")) == core(first)
    assert counter.count == 1


async def test_another_request_with_the_key_is_refused(counter, post):
    await post("k")
    for changed in ({"body": "b"}, {"path": f"{PATH}?x=1"}, {"path": "/api/v1/intents"}):
        answer = await post("k", **changed)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert counter.count == 1


async def test_of_many_at_once_one_is_carried_out_and_the_others_are_told_to_wait(counter, post):
    counter.gate.clear()
    first = asyncio.create_task(post("k"))
    await counter.begun.wait()
    others = await asyncio.gather(*(post("k") for _ in range(5)))
    assert {(one.status_code, one.json()["code"]) for one in others} == {(409, "idempotency_in_flight")}
    assert (await post("k", "b")).json()["code"] == "idempotency_key_reused"
    counter.gate.set()
    assert core(await first) == core(await post("k"))
    assert counter.count == 1


async def test_keys_of_callers_are_their_own(api, counter, post):
    one, other = await api.login(keys.generate_signer()), await api.login(keys.generate_signer())
    assert [(await post("k", **who)).json()["count"] for who in (one, other, {}, one, other)] == [1, 2, 3, 1, 2]


async def test_a_session_that_ended_is_not_shown_what_it_was_answered(api, counter, post):
    signer = keys.generate_signer()
    headers = await api.login(signer)
    assert (await post("k", **headers)).json()["count"] == 1
    assert (await api.client.post("/api/v1/auth/logout", headers=headers)).status_code == 204
    assert (await post("k", **headers)).json()["count"] == 2
    assert (await post("k", **await api.login(signer))).json()["count"] == 1


@pytest.mark.parametrize("status", [500, 503, 401, 0])
async def test_faults_of_the_service_are_not_kept(counter, post, status):
    counter.status = status
    assert (await post("k")).status_code == (status or 500)
    counter.status = 201
    assert (await post("k")).json()["count"] == 2


async def test_an_attempt_whose_process_died_is_taken_over_after_a_minute(api, counter, post):
    counter.gate.clear()
    dead = asyncio.create_task(post("k"))
    await counter.begun.wait()
    await api.execute("UPDATE idempotency_keys SET started_at = now() - interval '40 seconds'")
    assert (await post("k")).status_code == 409
    await api.execute("UPDATE idempotency_keys SET started_at = now() - interval '61 seconds'")
    assert (await post("k", "b")).json()["code"] == "idempotency_key_reused"
    counter.begun.clear()
    taking_over = asyncio.create_task(post("k"))
    async with asyncio.timeout(10):
        await counter.begun.wait()
    counter.gate.set()
    new = await taking_over
    await dead
    assert core(await post("k")) == core(new)
    assert counter.count == 2


async def test_what_a_killed_process_left_is_in_flight_for_the_next(api, counter, post):
    counter.gate.clear()
    running = asyncio.create_task(post("k"))
    await counter.begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    counter.gate.set()
    assert (await post("k")).json()["code"] == "idempotency_in_flight"


async def test_a_key_can_be_used_anew_after_a_day(api, counter, post):
    await post("k")
    await api.execute("UPDATE idempotency_keys SET started_at = now() - interval '23 hours 59 minutes'")
    assert (await post("k")).json()["count"] == 1
    await api.execute("UPDATE idempotency_keys SET started_at = now() - interval '24 hours 1 second'")
    assert (await post("k", "b")).json()["count"] == 2


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é".encode(), "a\tb", "a\x7f"])
async def test_a_key_is_short_visible_ascii(api, counter, key):
    for path in (PATH, "/api/v1/auth/challenge"):
        answer = await api.client.post(path, headers={"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert counter.count == 0


async def test_a_key_given_twice_is_refused_and_the_longest_is_taken(api, counter, post):
    twice = await api.client.post(PATH, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "a")])
    assert twice.status_code == 422
    assert (await post("!~" + "x" * 253)).status_code == 201


async def test_a_body_above_the_limit_is_refused_before_anything_else(api, counter, post):
    assert (await post("k", "x" * 20_000)).status_code == 413
    assert await api.count("SELECT count(*) FROM idempotency_keys") == 0


async def test_an_intent_is_submitted_once_and_its_repeat_says_what_was_said(api):
    signer = await api.funded_user()
    submission = api.submission(api.intent(signer.address), signer)
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first = await api.client.post("/api/v1/intents", json=submission, headers=headers)
    again = await api.client.post("/api/v1/intents", json=submission, headers=headers)
    assert core(again) == core(first)
    assert first.status_code == 201
    without = await api.client.post("/api/v1/intents", json=submission)
    assert without.status_code == 200


async def test_nothing_of_a_login_is_kept(api, sign_login):
    signer = keys.generate_signer()
    headers = {"Idempotency-Key": "k"}
    asked = {"address": hexes.to_checksum(signer.address), "chain_id": 31337}
    made = (await api.client.post("/api/v1/auth/challenge", json=asked, headers=headers)).json()
    login = await api.client.post("/api/v1/auth/login", json=sign_login(signer, made["message"]), headers=headers)
    assert login.status_code == 200
    assert await api.count("SELECT count(*) FROM idempotency_keys") == 0


async def test_without_the_database_nothing_is_carried_out(api, counter, post):
    api.database.terminate()
    answer = await post("k")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert counter.count == 0


async def test_the_contract_names_the_header_where_it_counts(api):
    paths = (await api.client.get("/openapi.json")).json()["paths"]
    posts = {path: one["post"] for path, one in paths.items() if "post" in one}
    named = {path for path, one in posts.items() for given in one["parameters"] if given["name"] == "Idempotency-Key"}
    assert named == {path for path in posts if not path.startswith("/api/v1/auth/")}
    assert {"409", "422"} <= set(posts["/api/v1/intents"]["responses"])
    [header] = [one for one in posts["/api/v1/intents"]["parameters"] if one["name"] == "Idempotency-Key"]
    assert header["in"] == "header"
