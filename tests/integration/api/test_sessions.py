"""Sessions: refresh tokens good once, logout that holds everywhere, secrets that are replaced, and profiles."""

import asyncio
import dataclasses
import hashlib

import httpx
import pytest

from orbital.api import asgi, tokens
from orbital.api.schemas import auth as schemas
from orbital.chain import hexes, keys
from orbital.realtime.hub import Hub
from orbital.realtime.limiter import Limiter

WAIT_SECONDS = 20
REFRESH = "/api/v1/auth/refresh"
LOGOUT = "/api/v1/auth/logout"
NOWHERE = "redis://127.0.0.1:1"
PROFILE = "/api/v1/auth/profile"


async def refresh(api, pair, client=None):
    return await (client or api.client).post(REFRESH, json={"refresh_token": pair["refresh_token"]})


async def profile_status(api, pair, client=None) -> int:
    answer = await (client or api.client).get(PROFILE, headers=api.bearer(pair))
    return answer.status_code


async def test_refresh_gives_a_new_pair_of_the_same_session(api):
    first = await api.log_in(keys.generate_signer())
    answer = await refresh(api, first)
    second = answer.json()
    assert answer.status_code == 200
    schemas.ShownLogin.model_validate(second)
    assert (second["address"], second["roles"], second["expires_in"]) == (first["address"], ["user"], 900)
    assert second["refresh_token"] != first["refresh_token"]
    assert [await profile_status(api, pair) for pair in (first, second)] == [200, 200]
    assert await api.count("SELECT count(*) FROM sessions") == 1
    assert (await refresh(api, second)).status_code == 200


async def test_refresh_tokens_are_stored_as_hashes_alone(api):
    pair = await api.log_in(keys.generate_signer())
    token = pair["refresh_token"].encode()
    found = "SELECT count(*) FROM refresh_tokens WHERE token_hash = $1"
    assert await api.count(found, hashlib.sha256(token).digest()) == 1
    assert (
        await api.count("SELECT count(*) FROM refresh_tokens r WHERE position($1::bytea IN r.token_hash) > 0", token)
        == 0
    )


async def test_used_refresh_token_that_comes_again_ends_the_session(api):
    owner = keys.generate_signer()
    first, other = await api.log_in(owner), await api.log_in(owner)
    second = (await refresh(api, first)).json()
    again = await refresh(api, first)
    assert (again.status_code, again.json()["code"]) == (401, "unauthenticated")
    assert again.headers["www-authenticate"] == "Bearer"
    assert [await profile_status(api, pair) for pair in (first, second, other)] == [401, 401, 200]
    assert (await refresh(api, second)).status_code == 401
    assert await api.count("SELECT count(*) FROM sessions WHERE end_reason = 'reuse'") == 1
    assert (await refresh(api, other)).status_code == 200


async def test_of_hundred_refreshes_at_once_one_succeeds_and_the_others_are_reuse(api):
    first = await api.log_in(keys.generate_signer())
    answers = await asyncio.gather(*(refresh(api, first) for _ in range(100)))
    assert sorted(one.status_code for one in answers) == [200] + [401] * 99
    (winner,) = (one.json() for one in answers if one.status_code == 200)
    assert await profile_status(api, winner) == 401
    assert (await refresh(api, winner)).status_code == 401
    assert await api.count("SELECT count(*) FROM refresh_tokens") == 2


async def test_refresh_token_ends_after_thirty_days_and_each_refresh_starts_them_anew(api):
    first = await api.log_in(keys.generate_signer())
    left = "SELECT extract(epoch FROM expires_at - now())::int FROM sessions"
    assert 30 * 86400 - 60 < await api.count(left) <= 30 * 86400
    await api.execute("UPDATE sessions SET expires_at = now() + interval '1 minute'")
    second = (await refresh(api, first)).json()
    assert await api.count(left) > 30 * 86400 - 60
    await api.execute("UPDATE sessions SET expires_at = now()")
    assert (await refresh(api, second)).status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"refresh_token": "x"}, 401),
        ({"refresh_token": ""}, 401),
        ({"refresh_token": "é" * 43}, 401),
        ({"refresh_token": "x" * 129}, 422),
        ({"refresh_token": 1}, 422),
        ({"refresh_token": None}, 422),
        ({}, 422),
        ({"refresh_token": "x", "more": 1}, 422),
        ([], 422),
    ],
)
async def test_other_refresh_tokens_are_refused(api, body, status):
    assert (await api.client.post(REFRESH, json=body)).status_code == status


async def test_logout_ends_this_session_on_every_process_and_no_other(api):
    owner = keys.generate_signer()
    first, other = await api.log_in(owner), await api.log_in(owner)
    second = (await refresh(api, first)).json()
    async with api.another_process() as elsewhere:
        assert await profile_status(api, second, elsewhere) == 200
        answer = await api.client.post(LOGOUT, headers=api.bearer(second))
        assert (answer.status_code, answer.content) == (204, b"")
        for client in (elsewhere, api.client):
            assert [await profile_status(api, pair, client) for pair in (first, second, other)] == [401, 401, 200]
            assert (await refresh(api, second, client)).status_code == 401
    assert (await api.client.post(LOGOUT, headers=api.bearer(second))).status_code == 401
    assert await api.count("SELECT count(*) FROM sessions WHERE end_reason = 'logout'") == 1


async def test_logout_ends_a_long_poll_that_waits(api):
    solver = await api.bonded_solver()
    pair = await api.log_in(solver)
    path = f"/api/v1/solver/{pair['address']}/awards"
    poll = asyncio.create_task(api.client.get(path, params={"wait": WAIT_SECONDS}, headers=api.bearer(pair)))
    await asyncio.wait([poll], timeout=0.2)
    assert (await api.client.post(LOGOUT, headers=api.bearer(pair))).status_code == 204
    async with asyncio.timeout(WAIT_SECONDS / 2):
        assert (await poll).status_code == 401


async def test_sessions_need_no_redis(api):
    hub = Hub(NOWHERE)
    async with Limiter(NOWHERE) as limiter:
        limited = dataclasses.replace(api.settings, rate_limit_rpm=100)
        app = asgi.create_app(api.database, api.network, api.rpcs, hub, limited, api.now, limiter)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=api.settings.public_url) as alone:
            first = await api.log_in(keys.generate_signer())
            second = (await refresh(api, first, alone)).json()
            assert await profile_status(api, second, alone) == 200
            assert (await alone.post(LOGOUT, headers=api.bearer(second))).status_code == 204
            assert await profile_status(api, second, alone) == await profile_status(api, second) == 401


async def test_logout_during_refreshes_leaves_nothing_that_works(api):
    for _ in range(10):
        pair = await api.log_in(keys.generate_signer())
        renewed, _ = await asyncio.gather(refresh(api, pair), api.client.post(LOGOUT, headers=api.bearer(pair)))
        assert await profile_status(api, pair) == 401
        if renewed.status_code == 200:
            assert await profile_status(api, renewed.json()) == 401
            assert (await refresh(api, renewed.json())).status_code == 401


async def test_logout_takes_no_body(api):
    pair = await api.log_in(keys.generate_signer())
    assert (await api.client.post(LOGOUT, headers=api.bearer(pair), json={})).status_code == 422
    assert await profile_status(api, pair) == 200


async def test_tokens_of_the_previous_secret_are_taken_while_it_is_configured(api):
    pair = await api.log_in(keys.generate_signer())
    new = "the secret that comes after, of more than 32 bytes"
    async with api.another_process(jwt_secret=new, jwt_secret_previous=api.settings.jwt_secret) as rotated:
        assert await profile_status(api, pair, rotated) == 200
        renewed = (await refresh(api, pair, rotated)).json()
        assert await profile_status(api, renewed, rotated) == 200
        assert await profile_status(api, renewed) == 401
        async with api.another_process(jwt_secret=new) as later:
            assert [await profile_status(api, one, later) for one in (pair, renewed)] == [401, 200]


async def test_roles_follow_the_chain_and_not_the_login(api):
    solver = keys.generate_signer()
    pair = await api.log_in(solver)

    async def roles() -> list[str]:
        return (await api.client.get(PROFILE, headers=api.bearer(pair))).json()["roles"]

    assert await roles() == ["user"]
    await api.bond(solver.address, 10**18)
    assert await roles() == ["user", "solver"]
    assert (await api.client.get("/api/v1/intents/pending", headers=api.bearer(pair))).status_code == 200
    await api.bond(solver.address, 10**18 - 1)
    assert await roles() == ["user"]
    assert (await api.client.get("/api/v1/intents/pending", headers=api.bearer(pair))).status_code == 403
    assert (await api.log_in(api.admin))["roles"] == ["user", "admin"]


async def test_profile_counts_the_own_intents_by_status(api):
    user, other = await api.funded_user(), await api.funded_user()
    await api.submitted(other)
    kept, dropped = await api.submitted(user), await api.submitted(user)
    headers = await api.login(user)
    assert (await api.client.post(api.path(dropped, "/cancel"), headers=headers)).status_code == 200
    assert (await api.client.get(api.path(kept))).json()["status"] == "pending"
    profile = (await api.client.get(PROFILE, headers=headers)).json()
    schemas.ShownProfile.model_validate(profile)
    assert (profile["address"], profile["roles"]) == (hexes.to_checksum(user.address), ["user"])
    assert profile["statistics"]["intents"] == 2
    counts = profile["statistics"]["intents_by_status"]
    assert (len(counts), counts["pending"], counts["cancelled"], sum(counts.values())) == (8, 1, 1, 2)


async def test_what_is_too_old_to_matter_is_deleted_by_and_by(api):
    pairs = [await api.log_in(keys.generate_signer()) for _ in range(3)]
    assert (await refresh(api, pairs[0])).status_code == 200
    await api.execute("UPDATE refresh_tokens SET used_at = now() - interval '31 days' WHERE used_at IS NOT NULL")
    gone = hexes.parse_address(pairs[1]["address"])
    await api.execute("UPDATE sessions SET expires_at = now() - interval '2 days' WHERE address = $1", gone)
    await api.execute("UPDATE login_challenges SET expires_at = now() - interval '2 hours'")
    await api.challenge(keys.generate_signer())
    assert await api.count("SELECT count(*) FROM sessions") == 2
    assert await api.count("SELECT count(*) FROM refresh_tokens") == 2
    assert await api.count("SELECT count(*) FROM login_challenges") == 1


def test_key_id_tells_keys_apart(api):
    assert tokens.key_id("a") == tokens.key_id("a") != tokens.key_id("b")
