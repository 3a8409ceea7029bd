"""Intents of watched protocols are read like ours, with null for what only ours have; nothing can be done to them."""

import msgspec
import pytest

from orbital.api.schemas import intents as schemas
from orbital.chain import hexes
from orbital.client import wire
from orbital.domain.errors import Rejected
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent, ForeignOpened
from orbital.domain.types import Amount, IntentId, Protocol

INTENT_ID = IntentId(b"\x5a" * 32)
PATH = f"/api/v1/intents/{hexes.to_hex(INTENT_ID)}"
SOLANA = b"\x07" * 32
SOLVER = b"\x99" * 20


@pytest.fixture
async def user(api):
    return await api.funded_user()


@pytest.fixture
def intent(api, user):
    return ForeignIntent(
        protocol=Protocol.ACROSS,
        reference="42",
        user=user.address,
        recipient=SOLANA,
        origin_chain_id=31337,
        destination_chain_id=31338,
        input_token=api.input_token,
        input_amount=Amount(1_000_000),
        output_token=SOLANA,
        min_output_amount=Amount(990_000),
        fill_deadline=int(api.now()) + 600,
    )


@pytest.fixture
async def filled(api, intent):
    await api.record_on_chain(31337, ForeignOpened(intent), INTENT_ID)
    fill = ForeignFilled(Protocol.ACROSS, "42", SOLVER, SOLANA, SOLANA, Amount(980_000), 31337)
    await api.record_on_chain(31338, fill, INTENT_ID)


async def test_it_is_shown_with_nulls_for_what_only_ours_have(api, intent, filled):
    shown = (await api.client.get(PATH)).json()
    schemas.ShownIntent.model_validate(shown)
    assert (shown["protocol"], shown["reference"], shown["status"]) == ("across", "42", "filled")
    nulls = ("nonce", "open_deadline", "auctioneer", "open_by", "fill_by", "refundable_at")
    assert {name: shown[name] for name in nulls} == dict.fromkeys(nulls)
    assert (shown["recipient"], shown["output_token"]) == ("0x" + "07" * 32,) * 2
    assert shown["user"] == hexes.to_checksum(intent.user)
    assert (shown["solver"], shown["output_amount"]) == (hexes.to_checksum(SOLVER), "980000")
    assert [(leg["name"], leg["chain_id"]) for leg in shown["legs"]] == [("open", 31337), ("fill", 31338)]


async def test_its_status_and_ledger_are_told(api, filled):
    status = (await api.client.get(f"{PATH}/status")).json()
    schemas.ShownStatus.model_validate(status)
    assert status["progress"] == {"current_step": "done", "steps_completed": 2, "total_steps": 2, "percentage": 100}
    assert (status["explain"]["code"], status["estimated_completion"]) == ("delivered", None)
    events = (await api.client.get(f"{PATH}/events")).json()
    schemas.ShownEvents.model_validate(events)
    assert [one["name"] for one in events["data"]] == ["ForeignOpened", "ForeignFilled"]
    assert events["data"][0]["data"]["intent"]["recipient"] == "0x" + "07" * 32
    assert events["data"][1]["actor"] == hexes.to_checksum(SOLVER)


async def test_it_stands_among_its_users_own_and_can_not_be_cancelled(api, user, filled):
    ours = api.intent_id(await api.submitted(user))
    headers = await api.login(user)
    listed = (await api.client.get("/api/v1/intents", headers=headers)).json()["data"]
    found = {one["intent_id"]: (one["protocol"], one["reference"]) for one in listed}
    assert found == {hexes.to_hex(INTENT_ID): ("across", "42"), hexes.to_hex(ours): ("orbital", None)}
    cancelled = await api.client.post(f"{PATH}/cancel", headers=headers)
    assert (cancelled.status_code, cancelled.json()["detail"]) == (404, "You have no such intent.")
    assert await api.count("SELECT count(*) FROM intents WHERE protocol = 'across' AND status = 'filled'") == 1


async def test_no_bid_is_taken_for_it(api, intent):
    await api.record_on_chain(31337, ForeignOpened(intent), INTENT_ID)
    solver = await api.bonded_solver()
    pending = await api.client.get("/api/v1/intents/pending", headers=await api.login(solver))
    assert pending.json()["data"] == []
    assert (await api.client.get(f"{PATH}/auction")).status_code == 404
    bid = api.bid(api.intent(solver.address), solver, intent_id=INTENT_ID)
    answer = await api.client.post(f"{PATH}/bids", json=bid, headers=await api.login(solver))
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such intent.")


async def test_the_client_reads_it_and_finds_nothing_signed(api, filled):
    answer = (await api.client.get(PATH)).content
    view = msgspec.json.decode(answer, type=wire.IntentView)
    assert (view.protocol, view.nonce, view.recipient) == ("across", None, "0x" + "07" * 32)
    with pytest.raises(Rejected, match="foreign_intent"):
        view.to_domain()
