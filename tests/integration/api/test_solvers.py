"""Solvers' profiles: registered by a signature, read by everybody, changed by the solver itself."""

import asyncio
import dataclasses
import typing

from orbital.chain import hexes, keys
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts

ORIGIN, DESTINATION = 31337, 31338
DAYS_30 = 30 * 24 * 3600
Json = dict[str, typing.Any]


def path(signer: keys.Signer, rest: str = "") -> str:
    return f"/api/v1/solver/{hexes.to_checksum(signer.address)}{rest}"


async def read(api, signer: keys.Signer) -> Json:
    answer = await api.client.get(path(signer))
    assert answer.status_code == 200, answer.text
    return answer.json()


def code(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_profile_is_registered_once_and_read_by_everybody(api):
    signer = keys.generate_signer()
    answer = await api.register(signer)
    assert (answer.status_code, answer.headers["location"]) == (201, path(signer))
    shown = answer.json()
    assert shown["registered_at"] == shown["last_activity"] is not None
    assert shown | {"registered_at": None, "last_activity": None} == {
        "address": hexes.to_checksum(signer.address),
        "name": "Läufer ✓",
        "chain_ids": [ORIGIN, DESTINATION],
        "fee_bps": 5,
        "contact": "ops@fastlane.example",
        "bond_wei": "0",
        "in_withdrawal_wei": "0",
        "status": "under_bonded",
        "reputation": 5000,
        "registered_at": None,
        "last_activity": None,
        "suspension": None,
    }
    assert await read(api, signer) == shown
    assert code(await api.register(signer, name="Another")) == (409, "already_registered")
    await api.bond(signer.address, 10**18)
    assert await read(api, signer) | {"last_activity": None} == shown | {
        "bond_wei": str(10**18),
        "status": "active",
        "last_activity": None,
    }


async def test_of_parallel_registrations_one_is_taken(api):
    signer = keys.generate_signer()
    answers = await asyncio.gather(*(api.register(signer, name=f"Number {n}") for n in range(20)))
    (taken,) = [one.json() for one in answers if one.status_code == 201]
    assert [code(one) for one in answers if one.status_code != 201] == [(409, "already_registered")] * 19
    assert await read(api, signer) == taken


async def test_a_repeated_request_has_the_first_answer(api):
    signer = keys.generate_signer()
    body = api.signed(api.registration(signer.address), signer)
    headers = {"Idempotency-Key": "once"}
    first, again = [await api.client.post("/api/v1/solver/register", json=body, headers=headers) for _ in range(2)]
    assert (first.status_code, again.status_code, first.json()) == (201, 201, again.json())
    assert again.headers["location"] == first.headers["location"]


async def test_faults_are_told_in_their_order(api):
    """Each body has the fault of its line and all those below."""
    unserved, late = (1,), int(api.now()) - 1
    stranger = keys.generate_signer()
    denied = api.registration(api.denied.address)
    bodies = [
        api.signed(dataclasses.replace(denied, chain_ids=unserved, deadline=late, name=""), stranger),
        api.signed(dataclasses.replace(denied, chain_ids=unserved, deadline=late), stranger),
        api.signed(dataclasses.replace(denied, deadline=late), stranger),
        api.signed(denied, stranger),
        api.signed(api.registration((await api.registered()).address), stranger),
    ]
    answers = [await api.client.post("/api/v1/solver/register", json=body) for body in bodies]
    assert [code(one) for one in answers] == [
        (422, "invalid_request"),
        (422, "unsupported_chain"),
        (422, "deadline_out_of_range"),
        (403, "denied"),
        (422, "invalid_signature"),
    ]
    assert answers[1].json()["errors"][0]["pointer"] == "/registration/chain_ids/0"


async def test_a_registrations_deadline_is_at_most_thirty_days_ahead(api):
    taken = []
    for ahead in (-1, 9, DAYS_30 - 9, DAYS_30 + 9):
        answer = await api.register(keys.generate_signer(), deadline=int(api.now()) + ahead)
        taken.append((answer.status_code, answer.json().get("detail")))
    late = 422, "The deadline must be ahead, at most 30 d."
    assert taken == [late, (201, None), (201, None), late]


HOSTILE = {
    "empty": "",
    "long": "n" * 65,
    "blank": "\u3164",
    "space": " ",
    "leading space": " Lane",
    "line break": "Fast\nLane",
    "escape": "\x1b[31mLane",
    "override": "Fast\u202eenaL",
    "isolate": "\u2066Lane\u2069",
    "zero width": "Fast\u200bLane",
    "joiner": "Fast\u200dLane",
    "not nfc": "La\u0308ufer",
    "no-break space": "Fast\u00a0Lane",
    "private use": "\ue000",
    "unassigned": "\U000e0fff",
    "tag": "Lane\U000e0041",
    "soft hyphen": "Fast\u00adLane",
    "separator": "Fast\u2028Lane",
    "variation": "Lane\ufe0f",
    "other variation": "Lane\U000e0100",
    "mongolian variation": "Lane\u180b",
    "null notehead": "\U0001d159",
    "mark alone": "\u0301Lane",
}


async def test_a_name_is_what_is_seen_of_it(api):
    signer = keys.generate_signer()
    for why, name in HOSTILE.items():
        answer = await api.register(signer, name=name)
        assert code(answer) == (422, "invalid_request"), why
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/registration/name"], why
    assert code(await api.client.get(path(signer))) == (404, "not_found")


SHAPELESS = [
    ("contact", "c" * 201),
    ("contact", "ops\u202e"),
    ("contact", None),
    ("chain_ids", []),
    ("chain_ids", [ORIGIN, ORIGIN]),
    ("chain_ids", list(range(33))),
    ("chain_ids", [str(ORIGIN)]),
    ("chain_ids", ORIGIN),
    ("fee_bps", -1),
    ("fee_bps", 10_001),
    ("fee_bps", "5"),
    ("fee_bps", True),
    ("nonce", 1),
    ("nonce", "01"),
    ("nonce", str(2**256)),
]


async def test_each_field_has_its_shape(api):
    body = api.signed(api.registration(keys.generate_signer().address), keys.generate_signer())
    for field, value in SHAPELESS:
        wrong = body | {"registration": body["registration"] | {field: value}}
        answer = await api.client.post("/api/v1/solver/register", json=wrong)
        assert code(answer) == (422, "invalid_request"), (field, value)
        assert all(one["pointer"].startswith(f"/registration/{field}") for one in answer.json()["errors"])


async def test_a_contract_registers_by_its_code(api, contract_wallet_code):
    owner = keys.generate_signer()
    deployer = Wallet(api.rpcs[api.network.registry_chain_id], keys.parse_signer(accounts.DEPLOYER))
    wallet = (await deployer.transact(None, contract_wallet_code + bytes(12) + owner.address)).contract_address
    registration = api.registration(wallet)
    body = api.signed(registration, owner)
    assert code(await api.client.post("/api/v1/solver/register", json=body)) == (422, "invalid_signature")
    body["signature"] = "0x01" + body["signature"][2:]
    answer = await api.client.post("/api/v1/solver/register", json=body)
    assert (answer.status_code, answer.json()["address"]) == (201, hexes.to_checksum(wallet))
    assert body["signature"][2:] not in answer.text


async def test_a_contract_can_not_register_while_its_chain_is_away(api):
    async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    body = api.signed(api.registration(keys.generate_signer().address), keys.generate_signer())
    chain_id = api.network.registry_chain_id
    node = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{node.sockets[0].getsockname()[1]}"
    async with node, Rpc([url], chain_id) as away, api.another_process({chain_id: away}) as client:
        answer = await client.post("/api/v1/solver/register", json=body)
    assert code(answer) == (503, "chain_unavailable")
    assert "retry-after" in answer.headers


async def test_who_is_not_known_is_not_found(api):
    for address in ("0x" + "11" * 20, "0x11", "nobody", "0x" + "Aa" * 20):
        assert code(await api.client.get(f"/api/v1/solver/{address}")) == (404, "not_found"), address


async def test_a_solver_without_a_profile_is_known_by_its_bond(api):
    signer = await api.bonded_solver()
    shown = await read(api, signer)
    assert (shown["name"], shown["chain_ids"], shown["fee_bps"], shown["contact"]) == (None, [], None, None)
    assert (shown["status"], shown["bond_wei"], shown["reputation"]) == ("active", str(10**18), 5000)
    assert shown["registered_at"] is not None


async def test_a_solver_changes_what_it_gives_and_nothing_else(api):
    signer = await api.registered()
    headers = await api.login(signer)
    before = await read(api, signer)
    for change in (
        {"fee_bps": 0},
        {"contact": ""},
        {"chain_ids": [DESTINATION]},
        {"paused": True},
        {"fee_bps": 7, "paused": False},
    ):
        answer = await api.client.put(path(signer, "/update"), json=change, headers=headers)
        assert answer.status_code == 200
        shown = answer.json()
        told = {name: value for name, value in change.items() if name != "paused"}
        assert shown | {"last_activity": None} == before | told | {"last_activity": None}
        before = shown
    await api.bond(signer.address, 10**18)
    statuses = []
    for paused in (True, False):
        await api.client.put(path(signer, "/update"), json={"paused": paused}, headers=headers)
        statuses.append((await read(api, signer))["status"])
    assert statuses == ["paused", "active"]


NO_CHANGES = [
    ({}, "", "invalid_request"),
    ({"name": "Another"}, "/name", "invalid_request"),
    ({"status": "active"}, "/status", "invalid_request"),
    ({"bond_wei": "1"}, "/bond_wei", "invalid_request"),
    ({"fee_bps": None}, "/fee_bps", "invalid_request"),
    ({"paused": "true"}, "/paused", "invalid_request"),
    ({"contact": "\u202e"}, "/contact", "invalid_request"),
    ({"chain_ids": [ORIGIN, 1]}, "/chain_ids/1", "unsupported_chain"),
]


async def test_a_change_that_is_none_is_refused(api):
    signer = await api.registered()
    headers = await api.login(signer)
    before = await read(api, signer)
    for change, pointer, expected in NO_CHANGES:
        answer = await api.client.put(path(signer, "/update"), json=change, headers=headers)
        assert code(answer) == (422, expected), change
        assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]
    nothing = await api.client.put(path(signer, "/update"), json={}, headers=headers)
    assert nothing.json()["errors"] == [{"pointer": "", "code": "missing", "detail": "At least one field is needed."}]
    assert await read(api, signer) == before


async def test_only_the_solver_changes_its_profile(api):
    signer = await api.registered()
    change = {"fee_bps": 1}
    assert code(await api.client.put(path(signer, "/update"), json=change)) == (401, "unauthenticated")
    for other in (keys.generate_signer(), api.admin):
        answer = await api.client.put(path(signer, "/update"), json=change, headers=await api.login(other))
        assert code(answer) == (403, "forbidden")
    assert (await read(api, signer))["fee_bps"] == 5
    stranger = await api.bonded_solver()
    answer = await api.client.put(path(stranger, "/update"), json=change, headers=await api.login(stranger))
    assert code(answer) == (404, "not_found")


async def test_a_body_that_is_none_is_refused_by_every_operation(api):
    signer = await api.registered()
    own, admin = await api.login(signer), await api.login(api.admin)
    large = b'{"reason": "' + b"r" * 17_000 + b'"}'
    wrong = [
        (b"", "application/json", 400, "malformed"),
        (b'{"fee_bps": NaN}', "application/json", 400, "malformed"),
        (b'{"fee_bps": 1, "fee_bps": 2}', "application/json", 400, "malformed"),
        (b'{"reason": "\\ud800"}', "application/json", 400, "malformed"),
        (b"[" * 33 + b"]" * 33, "application/json", 400, "malformed"),
        (large, "application/json", 413, "body_too_large"),
        (b'{"fee_bps": 1}', "text/plain", 415, "unsupported_media_type"),
        (b'{"fee_bps": 1.0}', "application/json", 422, "invalid_request"),
        (b'["reason"]', "application/json", 422, "invalid_request"),
        (b'{"signature": "0x00"}', "application/json", 422, "invalid_request"),
    ]
    for method, where, headers in (
        ("POST", "/api/v1/solver/register", {}),
        ("PUT", path(signer, "/update"), own),
        ("POST", path(signer, "/suspend"), admin),
        ("POST", path(signer, "/reinstate"), admin),
    ):
        for content, kind, status, said in wrong:
            given = headers | {"content-type": kind}
            answer = await api.client.request(method, where, content=content, headers=given)
            assert code(answer) == (status, said), (where, content)
    assert (await read(api, signer))["fee_bps"] == 5
