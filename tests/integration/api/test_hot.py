"""An intent read ahead of the framework is what the documented route answers, whatever became of the intent."""

import httpx
import pytest

from orbital.api import hot
from orbital.api.schemas import intents as schemas
from orbital.chain import hexes
from orbital.domain import facts
from orbital.domain.foreign_facts import ForeignIntent, ForeignOpened
from orbital.domain.types import Amount, IntentId, Protocol

FOREIGN = IntentId(b"\x5b" * 32)


async def read_both(api, path: str) -> tuple[httpx.Response, httpx.Response]:
    """The answer of the fast way, and of the documented route."""
    assert hot.is_read({"type": "http", "method": "GET", "query_string": b"", "path": path})
    traced = {"x-request-id": "r"}
    fast = await api.client.get(path, headers=traced)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(hot, "is_read", lambda _: False)
        return fast, await api.client.get(path, headers=traced)


async def check(api, path: str, status: str) -> None:
    fast, documented = await read_both(api, path)
    assert (fast.status_code, fast.content, fast.headers) == (200, documented.content, documented.headers)
    schemas.ShownIntent.model_validate(fast.json())
    assert fast.json()["status"] == status


async def test_every_state_is_shown_by_both_alike(api):
    user, solver = await api.funded_user(), await api.bonded_solver()
    intent = await api.submitted(user)
    await check(api, api.path(intent), "pending")
    await api.award(intent, solver.address, 995_000)
    await check(api, api.path(intent), "matched")
    await on_chain(api, 31337, intent, facts.IntentOpened(intent, solver.address, Amount(995_000)))
    await check(api, api.path(intent), "opened")
    fill = facts.IntentFilled(
        api.network.chains[31338].settler, solver.address, intent.recipient, intent.output_token, Amount(995_000),
        31337, solver.address,
    )  # fmt: skip
    await on_chain(api, 31338, intent, fill)
    await check(api, api.path(intent), "filled")
    paid = facts.IntentSettled(solver.address, solver.address, intent.input_token, intent.input_amount)
    await on_chain(api, 31337, intent, paid)
    await check(api, api.path(intent), "settled")


async def test_every_other_end_is_shown_by_both_alike(api):
    user, solver = await api.funded_user(), await api.bonded_solver()
    headers = await api.login(user)
    cancelled, expired, refunded = [await api.submitted(user) for _ in range(3)]
    assert (await api.client.post(api.path(cancelled, "/cancel"), headers=headers)).status_code == 200
    await check(api, api.path(cancelled), "cancelled")
    await on_chain(api, 31337, expired, facts.DeadlinePassed(facts.Deadline.OPEN_DEADLINE, 0))
    await check(api, api.path(expired), "expired")
    await on_chain(api, 31337, refunded, facts.IntentOpened(refunded, solver.address, Amount(995_000)))
    await on_chain(api, 31338, refunded, facts.IntentExpired(31337))
    await on_chain(
        api, 31337, refunded, facts.IntentRefunded(user.address, refunded.input_token, refunded.input_amount)
    )
    await check(api, api.path(refunded), "refunded")


async def test_a_foreign_one_is_shown_by_both_alike(api):
    foreign = ForeignIntent(
        protocol=Protocol.ACROSS,
        reference="42",
        user=b"\x21" * 20,
        recipient=b"\x07" * 32,
        origin_chain_id=31337,
        destination_chain_id=31338,
        input_token=api.input_token,
        input_amount=Amount(1_000_000),
        output_token=b"\x07" * 32,
        min_output_amount=Amount(990_000),
        fill_deadline=int(api.now()) + 600,
    )
    await api.record_on_chain(31337, ForeignOpened(foreign), FOREIGN)
    await check(api, f"/api/v1/intents/{hexes.to_hex(FOREIGN)}", "opened")


async def test_what_is_not_there_is_refused_by_both_alike(api):
    for intent_id in ("ab" * 32, "zz" * 32):
        fast, documented = await read_both(api, f"/api/v1/intents/0x{intent_id}")
        assert fast.status_code == documented.status_code == 404
        assert (fast.content, fast.headers) == (documented.content, documented.headers)


async def on_chain(api, chain_id, intent, event) -> None:
    await api.record_on_chain(chain_id, event, IntentId(api.intent_id(intent)))
