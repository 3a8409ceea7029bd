"""The list of solvers: by reputation, filtered, page by page, with as much work for each page."""

import asyncio
import random
import typing

import pytest

from orbital.api import paging, solvers
from orbital.chain import hexes, keys

ORIGIN, DESTINATION = 31337, 31338
Json = dict[str, typing.Any]


async def list_page(api, **query: typing.Any) -> Json:
    answer = await api.client.get("/api/v1/solver", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def walk(api, **query: typing.Any) -> tuple[list[Json], int]:
    """All that a list has, and how many pages it took."""
    rows, pages, cursor = [], 0, {}
    while True:
        shown = await list_page(api, **query, **cursor)
        assert len(shown["data"]) <= int(query.get("limit", 20))
        rows += shown["data"]
        pages += 1
        if shown["next_cursor"] is None:
            return rows, pages
        cursor = {"cursor": shown["next_cursor"]}


@pytest.fixture
async def crowd(api):
    """Forty solvers of every status, with profiles and without, of which many have the same reputation."""
    dice = random.Random(11)
    names = [dice.randbytes(20) for _ in range(40)]
    for place, address in enumerate(names):
        bond = 10**18 - (place % 7 == 0)
        await api.execute("INSERT INTO solvers (address, bond_wei, last_activity) VALUES ($1, $2, 1)", address, bond)
        await api.execute(
            "INSERT INTO solver_scores (address, reputation, version, as_of, inputs) VALUES ($1, $2, 1, now(), '{}')",
            address,
            dice.choice((0, 5000, 5000, 7500, 10000)),
        )
        if place % 3:
            await api.execute(
                "INSERT INTO solver_profiles (address, name, chain_ids, fee_bps, contact, paused, nonce, deadline,"
                " signature) VALUES ($1, 'Lane', $2, $3, '', $4, 0, 0, '')",
                address,
                dice.choice(([ORIGIN], [DESTINATION], [ORIGIN, DESTINATION])),
                dice.choice((0, 5, 10_000)),
                place % 5 == 0,
            )
        if place % 11 == 0:
            await api.execute(
                "INSERT INTO solver_decisions (solver, verdict, reason, admin) VALUES ($1, 'suspended', 'No.', $1)",
                address,
            )
    await api.execute(
        "INSERT INTO solver_scores (address, reputation, version, as_of, inputs) VALUES ($1, 5000, 1, now(), '{}')",
        b"\x7f" * 20,  # nothing else is known of this one
    )
    intent = await api.submitted(await api.funded_user())
    for round_, address in enumerate(names[1:3] * 3, start=1):
        await api.lapse(intent, address, round_)
    return [(await api.client.get(f"/api/v1/solver/{hexes.to_checksum(one)}")).json() for one in names]


def expected(crowd: list[Json], **only: typing.Any) -> list[Json]:
    """What a plain reading of the filters leaves, best first."""
    kept = [
        one
        for one in crowd
        if one["reputation"] >= only.get("min_reputation", 0)
        and ("status" not in only or one["status"] == only["status"])
        and ("chain_id" not in only or only["chain_id"] in one["chain_ids"])
        and ("max_fee_bps" not in only or (one["name"] is not None and one["fee_bps"] <= only["max_fee_bps"]))
    ]
    return sorted(kept, key=lambda one: (-one["reputation"], one["address"].lower()))


async def test_every_filter_leaves_what_it_says_and_every_page_goes_on_where_the_last_one_ended(api, crowd):
    assert {one["status"] for one in crowd} == {"active", "under_bonded", "paused", "benched", "suspended"}
    for only in (
        {},
        {"min_reputation": 7500},
        {"min_reputation": 5001, "max_fee_bps": 9999},
        {"max_fee_bps": 0},
        {"max_fee_bps": 10_000},
        {"chain_id": ORIGIN},
        {"chain_id": 1},
        {"chain_id": DESTINATION, "status": "paused"},
        *({"status": status} for status in ("active", "under_bonded", "paused", "benched", "suspended")),
    ):
        for limit in (3, 100):
            rows, _ = await walk(api, limit=limit, **only)
            assert rows == expected(crowd, **only), only


async def test_a_page_looks_at_a_bounded_number_of_solvers(api, crowd, monkeypatch):
    """What is looked for is the last one: each page says from where to go on, with nothing found."""
    monkeypatch.setattr(solvers, "CHUNK_SOLVERS", 3)
    monkeypatch.setattr(solvers, "CHUNKS_MAX", 2)
    for status in ("benched", "suspended"):
        rows, pages = await walk(api, limit=5, status=status)
        assert rows == expected(crowd, status=status)
        assert pages == 1 + len(crowd) // (6 + 2 * 3)


async def test_a_walk_tells_all_that_was_there_while_others_register(api, crowd):
    rows, cursor = [], {}
    while True:
        shown = await list_page(api, limit=7, **cursor)
        rows += shown["data"]
        if shown["next_cursor"] is None:
            break
        cursor = {"cursor": shown["next_cursor"]}
        await asyncio.gather(api.registered(), api.registered())
    told = [one["address"] for one in rows]
    assert len(set(told)) == len(told)
    assert {one["address"] for one in crowd} <= set(told)


async def test_a_new_profile_is_listed_at_once(api):
    signer = await api.registered()
    (shown,) = (await list_page(api))["data"]
    assert (shown["address"], shown["reputation"]) == (hexes.to_checksum(signer.address), 5000)


async def test_what_no_list_can_mean_is_refused(api):
    for query in (
        {"status": "open"},
        {"status": ""},
        {"min_reputation": 10_001},
        {"min_reputation": -1},
        {"max_fee_bps": "5.0"},
        {"max_fee_bps": 10_001},
        {"chain_id": "x"},
        {"limit": 101},
        {"cursor": "x"},
        {"sort": "name"},
    ):
        answer = await api.client.get("/api/v1/solver", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), query


async def test_a_cursor_that_was_made_up_finds_what_is_behind_it(api, crowd):
    for number, key in ((2**63 - 1, b""), (10_001, b"\xff" * 32), (5000, b"\xff" * 20), (0, b"\xff" * 20)):
        shown = await list_page(api, limit=100, cursor=paging.encode("solvers", number, key))
        behind = [one for one in crowd if one["reputation"] < number]
        assert shown["data"] == expected(behind)


async def test_a_cursor_of_another_list_is_refused(api):
    for _ in range(2):
        await api.registered()
    cursor = (await list_page(api, limit=1))["next_cursor"]
    assert cursor is not None
    headers = await api.login(keys.generate_signer())
    answer = await api.client.get("/api/v1/intents", params={"cursor": cursor}, headers=headers)
    assert answer.status_code == 422
