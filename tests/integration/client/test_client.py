"""The client against the service itself: what users and solvers do, and how it says no."""

import asyncio
import time
from typing import Any

import pytest

from orbital.chain import eip712, hexes, keys
from orbital.client.client import Client
from orbital.client.errors import ApiError
from orbital.domain import errors


async def test_intent_is_submitted_read_and_cancelled(service: Any) -> None:
    intent = service.make_intent()
    async with Client(service.url, service.user) as client:
        view = await client.submit(intent)
        assert view.to_domain() == intent
        assert hexes.parse_hash(view.intent_id) == eip712.intent_id(intent, service.network.chains[31337].settler)
        assert (await client.fetch_status(view.intent_id)).explain.code in {"awaiting_bids", "no_valid_bids"}
        assert (await client.submit(intent)).intent_id == view.intent_id
        assert [one.intent_id for one in await client.list_intents(status="pending")] == [view.intent_id]
        assert (await client.cancel(view.intent_id)).status == "cancelled"
        assert (await client.fetch_intent(view.intent_id)).status == "cancelled"
        events = await client.list_events(view.intent_id)
        assert [event.name for event in events] == ["IntentSubmitted", "IntentCancelled"]


async def test_solver_bids_and_learns_of_its_award_by_waiting(service: Any) -> None:
    intent = service.make_intent()
    async with Client(service.url, service.user) as user, Client(service.url, service.solver) as solver:
        assert (await solver.list_live_awards()).data == []
        waiting = asyncio.create_task(solver.list_live_awards(wait_seconds=20))
        view = await user.submit(intent)
        (pending,) = await solver.list_pending()
        assert (pending.intent_id, pending.intent.to_domain()) == (view.intent_id, intent)
        intent_id = hexes.parse_hash(pending.intent_id)
        accepted = await solver.bid(intent_id, 31337, 995_000, int(time.time()) + 60)
        assert accepted.status == "accepted"
        awards = await waiting
        (won,) = awards.data
        assert (won.award.to_domain().output_amount, won.intent.to_domain()) == (995_000, intent)
        digest = eip712.award_digest(won.award.to_domain(), 31337, service.network.chains[31337].settler)
        assert keys.recover(digest, hexes.parse_bytes(won.award_signature)) == service.network.auctioneer
        assert await solver.fetch_award(intent_id) == won
        assert await solver.list_live_awards(etag=awards.etag) is None


async def test_refusals_carry_status_code_and_fields(service: Any) -> None:
    async with Client(service.url, service.user) as client:
        with pytest.raises(ApiError) as refused:
            await client.submit(service.make_intent(input_amount=0))
        assert (refused.value.status, refused.value.code) == (422, "invalid_amount")
        assert refused.value.fields[0].pointer == "/intent/input_amount"
        assert not refused.value.is_temporary
        assert refused.value.request_id
        with pytest.raises(ApiError) as missing:
            await client.fetch_intent(bytes(32))
        assert (missing.value.status, missing.value.code) == (404, "not_found")
        with pytest.raises(ApiError) as stranger:
            await client.list_pending()
        assert stranger.value.status == 403


async def test_client_refreshes_when_its_token_is_no_longer_good(service: Any) -> None:
    async with Client(service.url, service.user) as client:
        await client.login()
        client._connection._token = "a token of yesterday"
        assert await client.list_intents() == []
        client._connection._good_until = 0.0
        assert await asyncio.gather(*(client.list_intents() for _ in range(5))) == [[]] * 5
    assert await count(service, "sessions") == 1
    assert await count(service, "refresh_tokens") == 3


async def test_client_signs_in_again_when_its_session_has_ended(service: Any) -> None:
    async with Client(service.url, service.user) as client, Client(service.url, service.user) as copy:
        await client.login()
        copy._connection._keep(await client.login())
        await copy.logout()
        assert await client.list_intents() == []
    assert await count(service, "sessions") == 3


async def test_logout_ends_the_session_even_when_the_token_ran_out(service: Any) -> None:
    async with Client(service.url, service.user) as client:
        await client.logout()
        await client.login()
        client._connection._good_until = 0.0
        await client.logout()
        await client.logout()
    assert await count(service, "sessions WHERE end_reason = 'logout'") == await count(service, "sessions") == 1


async def test_profile_tells_roles_and_counts(service: Any) -> None:
    async with Client(service.url, service.user) as user, Client(service.url, service.solver) as solver:
        await user.submit(service.make_intent())
        profile = await user.fetch_profile()
        assert (hexes.parse_address(profile.address), profile.roles) == (user.address, ["user"])
        assert profile.statistics.intents == sum(profile.statistics.intents_by_status.values()) == 1
        assert (await solver.fetch_profile()).roles == ["user", "solver"]


async def count(service: Any, what: str) -> int:
    async with service.database.driver.acquire() as connection:
        return await connection.fetchval(f"SELECT count(*) FROM {what}")


async def test_concurrent_calls_share_one_login(service: Any) -> None:
    async with Client(service.url, service.user) as client:
        assert await asyncio.gather(*(client.list_intents() for _ in range(5))) == [[]] * 5
    async with service.database.driver.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM login_challenges") == 1


async def test_anybody_may_ask_what_the_service_is(service: Any) -> None:
    async with Client(service.url) as client:
        protocol, chains, tokens, health = await asyncio.gather(
            client.fetch_protocol(), client.list_chains(), client.list_tokens(), client.fetch_health()
        )
        assert hexes.parse_address(protocol.auctioneer) == service.network.auctioneer
        assert [one.chain_id for one in chains] == [31337, 31338]
        assert {one.symbol for one in tokens} == {"USDC", "USDT", "DAI", "FRAX"}
        assert health.status in {"healthy", "degraded", "unhealthy"}
        with pytest.raises(errors.Rejected) as refused:
            await client.list_intents()
        assert refused.value.code == "no_signer"


async def test_service_that_is_away_is_unavailable() -> None:
    async with Client("http://127.0.0.1:9", keys.generate_signer(), timeout_seconds=1) as client:
        with pytest.raises(errors.Unavailable) as away:
            await client.fetch_protocol()
        assert away.value.code == "api_unavailable"
