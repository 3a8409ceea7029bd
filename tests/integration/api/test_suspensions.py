"""Who may bid: the role that bond and administrators make, and what a solver says of itself."""

import asyncio
import typing

import pytest

from orbital.chain import hexes, keys

ORIGIN, DESTINATION = 31337, 31338
REASON = {"reason": "Keys were stolen."}
Json = dict[str, typing.Any]


@pytest.fixture
async def scene(api):
    """A pending intent whose auction runs for a minute, and a solver with a profile, a bond and its login."""
    solver = await api.registered()
    await api.bond(solver.address, 10**18)
    intent = await api.submitted(await api.funded_user())
    return intent, solver, await api.login(solver)


def path(signer: keys.Signer, rest: str = "") -> str:
    return f"/api/v1/solver/{hexes.to_checksum(signer.address)}{rest}"


async def bid(api, scene) -> tuple[int, str | None, str | None]:
    intent, solver, headers = scene
    answer = await api.client.post(api.path(intent, "/bids"), json=api.bid(intent, solver), headers=headers)
    return answer.status_code, answer.json().get("code"), answer.json().get("detail")


async def decide(api, signer: keys.Signer, verb: str, body: Json = REASON) -> tuple[int, Json]:
    answer = await api.client.post(path(signer, f"/{verb}"), json=body, headers=await api.login(api.admin))
    return answer.status_code, answer.json()


async def test_a_suspension_takes_the_role_until_it_ends(api, scene):
    _, solver, headers = scene
    before = (await api.client.get(path(solver))).json()
    status, shown = await decide(api, solver, "suspend")
    assert (status, shown["status"], shown["suspension"]["reason"]) == (200, "suspended", REASON["reason"])
    assert (await api.client.get(path(solver))).json() == shown
    assert await bid(api, scene) == (403, "not_eligible", "An administrator suspended this solver.")
    assert (await api.client.get("/api/v1/intents/pending", headers=headers)).status_code == 403
    profile = await api.client.get("/api/v1/auth/profile", headers=headers)
    assert profile.json()["roles"] == ["user"]
    update = await api.client.put(path(solver, "/update"), json={"fee_bps": 6}, headers=headers)
    assert (update.status_code, update.json()["status"]) == (200, "suspended")

    status, shown = await decide(api, solver, "reinstate", {"reason": "The solver has new keys."})
    assert (status, shown) == (200, before | {"fee_bps": 6, "last_activity": shown["last_activity"]})
    assert (await bid(api, scene))[0] == 201
    assert await api.count("SELECT count(*) FROM solver_decisions WHERE admin = $1", api.admin.address) == 2


async def test_what_a_solver_won_stays_its_own_while_it_is_suspended(api, scene):
    intent, solver, headers = scene
    await api.award(intent, solver.address, 995_000)
    await decide(api, solver, "suspend")
    awards = await api.client.get(path(solver, "/awards"), headers=headers)
    assert [one["award"]["solver"] for one in awards.json()["data"]] == [hexes.to_checksum(solver.address)]
    assert (await api.client.get(api.path(intent, "/award"), headers=headers)).status_code == 200


async def test_a_decision_that_decides_nothing_is_a_conflict(api):
    solver = await api.registered()
    for verb, status, code in (
        ("reinstate", 409, "not_suspended"),
        ("suspend", 200, None),
        ("suspend", 409, "already_suspended"),
        ("reinstate", 200, None),
        ("reinstate", 409, "not_suspended"),
    ):
        answered, body = await decide(api, solver, verb)
        assert (answered, body.get("code")) == (status, code)


async def test_of_parallel_decisions_one_is_taken(api):
    solver = await api.registered()
    headers = await api.login(api.admin)
    for verb, refusal in (("suspend", "already_suspended"), ("reinstate", "not_suspended")):
        answers = await asyncio.gather(
            *(api.client.post(path(solver, f"/{verb}"), json=REASON, headers=headers) for _ in range(20))
        )
        assert sorted(one.status_code for one in answers) == [200] + [409] * 19
        assert {one.json()["code"] for one in answers if one.status_code == 409} == {refusal}
    assert await api.count("SELECT count(*) FROM solver_decisions") == 2


async def test_a_decision_names_a_known_solver_and_a_reason(api):
    solver = await api.registered()
    for body in (
        {},
        {"reason": ""},
        {"reason": "r" * 501},
        {"reason": "a\u202eb"},
        {"reason": 1},
        {**REASON, "by": "me"},
    ):
        status, answer = await decide(api, solver, "suspend", body)
        assert (status, answer["code"]) == (422, "invalid_request"), body
    assert (await decide(api, keys.generate_signer(), "suspend"))[0] == 404
    for name in ("nobody", "0x11"):
        answer = await api.client.post(
            f"/api/v1/solver/{name}/suspend", json=REASON, headers=await api.login(api.admin)
        )
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert await api.count("SELECT count(*) FROM solver_decisions") == 0


async def test_only_administrators_decide(api):
    solver = await api.registered()
    await api.bond(solver.address, 10**18)
    for headers, status in (({}, 401), (await api.login(solver), 403)):
        for verb in ("suspend", "reinstate"):
            answer = await api.client.post(path(solver, f"/{verb}"), json=REASON, headers=headers)
            assert answer.status_code == status
    assert (await api.client.get(path(solver))).json()["suspension"] is None


async def test_a_solver_bids_only_when_it_is_not_paused_and_for_its_chains(api, scene):
    _, solver, headers = scene
    found = []
    for change in (
        {"paused": True},
        {"paused": False, "chain_ids": [ORIGIN]},
        {"chain_ids": [DESTINATION]},
        {"chain_ids": [DESTINATION, ORIGIN]},
    ):
        answer = await api.client.put(path(solver, "/update"), json=change, headers=headers)
        assert answer.status_code == 200
        pending = await api.client.get("/api/v1/intents/pending", headers=headers)
        assert len(pending.json()["data"]) == 1
        found.append(await bid(api, scene))
    both = "The solver's profile does not have both chains."
    assert found == [
        (403, "not_eligible", "This solver paused itself."),
        (403, "not_eligible", both),
        (403, "not_eligible", both),
        (201, None, None),
    ]
