"""Which origins' pages may call from a browser, and the headers that every answer has."""

import contextlib
import dataclasses

import httpx
import pytest

from orbital.api import asgi, cors
from orbital.realtime.limiter import Limiter

PAGE, OTHER_PAGE, STRANGER = "https://app.example", "http://localhost:3000", "https://app.example.evil"
PATH = "/api/v1/protocol"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}


@pytest.fixture
def served(api, redis_url):
    """`served(**settings)`: another process over the same database, with both pages on its list."""

    @contextlib.asynccontextmanager
    async def start(**changed):
        own = dataclasses.replace(api.settings, **({"cors_origins": frozenset({PAGE, OTHER_PAGE})} | changed))
        async with Limiter(redis_url, timeout_seconds=10) as limiter:
            app = asgi.create_app(api.database, api.network, api.rpcs, api.hub, own, api.now, limiter)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=own.public_url) as client:
                yield client

    return start


def words(answer, name):
    return {one.strip() for one in answer.headers[name].split(",")}


def cors_headers(answer):
    return {name for name in answer.headers if name.startswith("access-control-")}


async def test_a_page_on_the_list_may_read_answers(served):
    async with served() as client:
        for page in (PAGE, OTHER_PAGE):
            answer = await client.get(PATH, headers={"Origin": page})
            assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, page)
            assert answer.headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in answer.headers
            seen = {"X-Request-ID", "ETag", "Location", "RateLimit", "RateLimit-Policy", "Retry-After"}
            assert words(answer, "access-control-expose-headers") == seen | {"Idempotent-Replayed"}


async def test_a_preflight_allows_what_the_api_takes(served):
    async with served() as client:
        answer = await client.options("/api/v1/intents", headers={"Origin": PAGE, **ASKS})
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == PAGE
        allowed = {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match", "X-Request-ID"}
        assert words(answer, "access-control-allow-headers") == allowed
        assert answer.headers["access-control-max-age"] == "600"
        assert answer.headers["vary"] == "Origin"
        assert answer.headers["x-request-id"]
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_every_method_of_the_contract_is_allowed(api):
    taken = {method.upper() for operations in api.app.openapi()["paths"].values() for method in operations}
    assert taken <= set(cors.METHODS)


@pytest.mark.parametrize("origin", [STRANGER, "https://APP.example", "https://app.example:443", "null", ""])
async def test_an_origin_off_the_list_gets_no_word(served, origin):
    async with served() as client:
        answer = await client.get(PATH, headers={"Origin": origin})
        assert (answer.status_code, cors_headers(answer), answer.headers["vary"]) == (200, set(), "Origin")
        refused = await client.options(PATH, headers={"Origin": origin, **ASKS})
        assert (refused.status_code, cors_headers(refused), refused.headers["vary"]) == (403, set(), "Origin")
        assert refused.json()["code"] == "forbidden"


async def test_answers_without_an_origin_vary_by_it_too(served):
    async with served() as client:
        answer = await client.get(PATH)
        assert (answer.headers["vary"], cors_headers(answer)) == ("Origin", set())


async def test_options_that_is_no_preflight_is_a_method_like_any_other(served):
    async with served() as client:
        answer = await client.options(PATH, headers={"Origin": PAGE})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (405, PAGE)
        assert (await client.options(PATH, headers=ASKS)).status_code == 405


async def test_errors_and_refusals_carry_the_headers(served):
    page = {"Origin": PAGE}
    async with served(rate_limit_rpm=1, rate_limit_burst=3) as client:
        answers = [
            await client.get("/api/v1/nowhere", headers=page),
            await client.post("/api/v1/intents", headers=page, content=b"{"),
            await client.get("/api/v1/auth/profile", headers=page),
            await client.get(PATH, headers=page),
        ]
    assert [one.status_code for one in answers] == [404, 415, 401, 429]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == PAGE
        assert answer.headers["vary"] == "Origin"
        assert "Retry-After" in words(answer, "access-control-expose-headers")


async def test_a_crash_carries_the_headers(api):
    own = dataclasses.replace(api.settings, cors_origins=frozenset({PAGE}))
    app = asgi.create_app(api.database, api.network, api.rpcs, api.hub, own, api.now)
    app.state.services = None
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=own.public_url) as client:
        answer = await client.get(PATH, headers={"Origin": PAGE})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (500, PAGE)


async def test_preflights_are_not_counted(served):
    async with served(rate_limit_rpm=1, rate_limit_burst=2) as client:
        asked = [await client.options(PATH, headers={"Origin": PAGE, **ASKS}) for _ in range(5)]
        assert {one.status_code for one in asked} == {204}
        assert [(await client.get(PATH)).status_code for _ in range(3)] == [200, 200, 429]


async def test_a_repeated_answer_is_for_the_origin_that_repeats(served):
    async with served() as client:
        body, key = {"address": "0x", "chain_id": 1}, {"Idempotency-Key": "once"}
        path = "/api/v1/intents"
        first = await client.post(path, json=body, headers={**key, "Origin": PAGE})
        again = await client.post(path, json=body, headers={**key, "Origin": OTHER_PAGE})
        assert (first.status_code, again.headers["idempotent-replayed"]) == (422, "true")
        assert again.headers.get_list("access-control-allow-origin") == [OTHER_PAGE]


async def test_in_dev_mode_everybody_can_be_on_the_list(served):
    async with served(cors_origins=frozenset({"*"})) as client:
        answer = await client.get(PATH, headers={"Origin": STRANGER})
        assert (answer.headers["access-control-allow-origin"], answer.headers["vary"]) == ("*", "Origin")
        assert (await client.options(PATH, headers={"Origin": STRANGER, **ASKS})).status_code == 204


async def test_without_a_list_nothing_is_said(served):
    async with served(cors_origins=frozenset()) as client:
        answer = await client.get(PATH, headers={"Origin": PAGE})
        assert cors_headers(answer) == set()
        assert "vary" not in answer.headers
        assert (await client.options(PATH, headers={"Origin": PAGE, **ASKS})).status_code == 405


async def test_browsers_are_kept_to_https_only_where_it_is_served(served):
    async with served() as secure, served(public_url="http://orbital.example") as plain:
        for path in (PATH, "/api/v1/nowhere", "/health"):
            assert (await secure.get(path)).headers["strict-transport-security"] == "max-age=31536000"
            answer = await plain.get(path)
            assert "strict-transport-security" not in answer.headers
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cache-control"] == "no-store"
