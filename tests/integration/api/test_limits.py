"""Rate limits on the wire: who is counted together, what answers say, and what is never refused."""

import contextlib
import dataclasses
import ipaddress
import time

import httpx
import pytest

from orbital.api import asgi
from orbital.chain import hexes, keys
from orbital.realtime.limiter import Limiter

PATH = "/api/v1/protocol"
NOWHERE = "redis://127.0.0.1:1"


@pytest.fixture
def limited(api, redis_url):
    """`limited(url=…, peer=…, **settings)`: another process over the same database, with limits on."""

    @contextlib.asynccontextmanager
    async def start(url=redis_url, peer="203.0.113.1", **changed):
        own = dataclasses.replace(api.settings, **({"rate_limit_rpm": 100} | changed))
        async with Limiter(url, timeout_seconds=10) as limiter:
            app = asgi.create_app(api.database, api.network, api.rpcs, api.hub, own, api.now, limiter)
            transport = httpx.ASGITransport(app, client=(peer, 1))
            async with httpx.AsyncClient(transport=transport, base_url=own.public_url) as client:
                yield client

    return start


async def statuses(client, count, path=PATH, **options):
    return [(await client.get(path, **options)).status_code for _ in range(count)]


async def test_from_idle_exactly_the_burst_is_answered_and_then_429(limited):
    async with limited() as client:
        begun = time.monotonic()
        first = await client.get(PATH)
        assert first.headers["ratelimit-policy"] == '"default";q=100;w=60'
        assert first.headers["ratelimit"] == '"default";r=19;t=1'
        rest = [await client.get(PATH) for _ in range(19)]
        assert [one.status_code for one in rest] == [200] * 19
        while (last := await client.get(PATH)).status_code == 200:
            rest.append(last)
        # One more is due each 600 ms that this took.
        assert len(rest) <= 19 + (time.monotonic() - begun) / 0.6 + 1
        rest.append(last)
        refused = next(one for one in rest if one.status_code == 429)
        assert refused.json()["code"] == "rate_limited"
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.headers["retry-after"] == "1"
        assert refused.headers["ratelimit"].startswith('"default";r=0;t=')
        assert refused.headers["x-request-id"] == refused.json()["request_id"]


async def test_all_processes_count_together_and_each_place_for_itself(limited):
    async with limited(rate_limit_rpm=1) as one, limited(rate_limit_rpm=1) as other:
        assert await statuses(one, 12) == [200] * 12
        assert await statuses(other, 12) == [200] * 8 + [429] * 4
    async with limited(rate_limit_rpm=1, peer="203.0.113.2") as elsewhere:
        assert await statuses(elsewhere, 1) == [200]


async def test_callers_with_a_token_are_counted_by_address_wherever_they_are(api, limited):
    one, other = await api.login(keys.generate_signer()), await api.login(keys.generate_signer())
    few = {"rate_limit_rpm": 1, "rate_limit_burst": 2}
    async with limited(**few) as here, limited(peer="203.0.113.2", **few) as there:
        assert await statuses(here, 1, headers=one) == [200]
        assert await statuses(there, 2, headers=one) == [200, 429]
        assert await statuses(here, 3, headers=other) == [200, 200, 429]
        assert await statuses(here, 3) == [200, 200, 429]
        forged = {"Authorization": one["Authorization"][:-4] + "AAAA"}
        assert await statuses(here, 1, headers=forged) == [429]


async def test_solvers_have_a_rate_of_their_own(api, limited):
    solver = await api.login(await api.bonded_solver())
    async with limited(rate_limit_rpm=1, rate_limit_burst=2) as client:
        answer = await client.get(PATH, headers=solver)
        assert answer.headers["ratelimit-policy"] == '"solver";q=3000;w=60'


async def test_logging_in_is_limited_to_a_tenth_and_by_place(api, limited):
    body = {"address": hexes.to_checksum(keys.generate_signer().address), "chain_id": 31337}
    token = await api.login(keys.generate_signer())
    async with limited(rate_limit_rpm=10, rate_limit_burst=2) as client:
        found = [await client.post("/api/v1/auth/challenge", json=body, headers=token) for _ in range(3)]
        assert [one.status_code for one in found] == [200, 200, 429]
        assert found[0].headers["ratelimit-policy"] == '"login";q=1;w=60'
        assert 1 <= int(found[2].headers["retry-after"]) <= 60
        assert (await client.post("/api/v1/auth/login", json=body)).status_code == 429
        assert (await client.get(PATH)).status_code == 200
    async with limited(rate_limit_rpm=7, peer="203.0.113.2") as client:
        answer = await client.post("/api/v1/auth/challenge", json=body)
        assert answer.headers["ratelimit-policy"] == '"login";q=7;w=600'


async def test_health_and_figures_are_never_refused(limited):
    async with limited(rate_limit_rpm=1, rate_limit_burst=1) as client:
        assert await statuses(client, 2) == [200, 429]
        for path in ("/health", "/health/live", "/health/ready", "/metrics"):
            answer = await client.get(path)
            assert answer.status_code != 429
            assert "ratelimit" not in answer.headers


async def test_a_trusted_proxy_says_who_calls_and_nobody_else_does(limited):
    few = {"rate_limit_rpm": 1, "rate_limit_burst": 1, "trusted_proxies": (ipaddress.ip_network("10.0.0.0/8"),)}
    async with limited(peer="10.0.0.1", **few) as proxied:
        assert await statuses(proxied, 1, headers={"X-Forwarded-For": "1.1.1.1, 198.51.100.1"}) == [200]
        assert await statuses(proxied, 1, headers={"X-Forwarded-For": "2.2.2.2, 198.51.100.1"}) == [429]
        assert await statuses(proxied, 1, headers={"X-Forwarded-For": "198.51.100.2"}) == [200]
    async with limited(peer="203.0.113.9", **few) as direct:
        assert await statuses(direct, 1, headers={"X-Forwarded-For": "198.51.100.3"}) == [200]
        assert await statuses(direct, 1, headers={"X-Forwarded-For": "198.51.100.4"}) == [429]


async def test_without_redis_limits_hold_in_each_process(limited):
    async with limited(NOWHERE, rate_limit_rpm=1, rate_limit_burst=3) as one:
        assert await statuses(one, 4) == [200, 200, 200, 429]


async def test_with_limits_off_nothing_is_said_or_counted(api):
    answers = [await api.client.get(PATH) for _ in range(30)]
    assert {one.status_code for one in answers} == {200}
    assert "ratelimit" not in answers[0].headers


async def test_the_contract_tells_of_the_refusal(api):
    paths = (await api.client.get("/openapi.json")).json()["paths"]
    assert "429" in paths["/api/v1/intents"]["post"]["responses"]
    assert "429" not in paths["/health"]["get"]["responses"]
