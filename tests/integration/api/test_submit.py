"""Taking an intent: new, again, at once by many, and never beyond what the user has."""

import asyncio

from orbital.api.schemas import intents as schemas
from orbital.chain import hexes, settler
from orbital.chain.transactions import Wallet
from orbital.domain import facts
from orbital.domain.types import Amount, ChainId
from orbital.storage import claims, pool

ORIGIN, DESTINATION = ChainId(31337), ChainId(31338)
AT_ONCE = 8  # fewer than the connections


async def test_submitted_intent_is_pending_and_found_under_its_location(api):
    user = await api.funded_user()
    intent = api.intent(user.address)
    answer = await api.submit(intent, user)
    assert answer.status_code == 201
    assert answer.headers["location"] == api.path(intent)
    shown = answer.json()
    schemas.ShownIntent.model_validate(shown)
    assert shown["status"] == "pending"
    assert shown["user"] == hexes.to_checksum(user.address)
    assert shown["input_amount"] == "1000000"
    assert "signature" not in answer.text
    found = await api.client.get(answer.headers["location"])
    assert found.status_code == 200
    assert found.json() == shown


async def test_submission_opens_its_auction_and_announces_it(api):
    user = await api.funded_user()
    intent = await api.submitted(user)
    assert await api.count("SELECT count(*) FROM auctions WHERE state = 'open' AND round = 1") == 1
    sql = "SELECT count(*) FROM outbox WHERE topic = 'auctions' AND event = 'opened' AND data ->> 'intent_id' = $1"
    assert await api.count(sql, hexes.to_hex(api.intent_id(intent))) == 1


async def test_same_intent_again_is_200_as_it_is_now(api):
    user = await api.funded_user()
    intent = await api.submitted(user)
    await api.client.post(api.path(intent, "/cancel"), headers=await api.login(user))
    again = await api.submit(intent, user)
    assert again.status_code == 200
    assert again.json()["status"] == "cancelled"


async def test_same_intent_again_is_200_even_when_its_deadline_has_passed(api):
    user = await api.funded_user()
    intent = await api.submitted(user)
    api.clock_offset = 10_000
    assert (await api.submit(intent, user)).status_code == 200


async def test_deadlines_count_from_the_origins_own_time_where_that_is_later(api):
    user, now = await api.funded_user(), int(api.now())
    await api.record_on_chain(31337, facts.SolverRegistered(user.address, Amount(1)), time_=now + 580)
    near = await api.submit(api.intent(user.address, open_deadline=now + 600), user)
    assert (near.status_code, near.json()["code"]) == (422, "deadline_out_of_range")
    far = await api.submit(api.intent(user.address, open_deadline=now + 700), user)
    assert far.status_code == 201


async def test_what_the_chain_says_counts_once_it_has_every_open_that_is_indexed(api):
    user, solver = await api.funded_user(balance=3_000_000), await api.funded_user()
    first = await api.submitted(user)
    head = (await api.rpcs[31337].header("latest")).number
    event = facts.IntentOpened(first, solver.address, first.min_output_amount)
    await api.record_on_chain(31337, event, api.intent_id(first), number=head + 1)
    early = await api.submit(api.intent(user.address), user)
    assert (early.status_code, early.json()["code"]) == (503, "chain_unavailable")
    assert early.headers["retry-after"] == "1"
    await api.rpcs[31337].request("anvil_mine", "0x1")
    assert (await api.submit(api.intent(user.address), user)).status_code == 201


async def test_same_intent_again_is_200_when_its_nonce_is_used_and_no_node_is_needed_for_that(api):
    user = await api.funded_user()
    intent = await api.submitted(user)
    call = settler.invalidate_nonce(intent.nonce)
    await Wallet(api.rpcs[31337], user).transact(api.network.chains[31337].settler, call)
    assert (await api.submit(intent, user)).status_code == 200
    other = await api.submit(api.intent(user.address, nonce=intent.nonce, input_amount=1), user)
    assert (other.status_code, other.json()["code"]) == (409, "nonce_used")


async def test_of_several_faults_the_first_is_told_whichever_needs_the_database(api):
    user, other = await api.funded_user(), await api.funded_user()
    late = api.intent(user.address, open_deadline=int(api.now()) - 1)
    for signer in (user, other):
        answer = await api.submit(late, signer)
        assert (answer.status_code, answer.json()["code"]) == (422, "deadline_out_of_range")
    fresh = await api.submit(api.intent(user.address), other)
    assert (fresh.status_code, fresh.json()["code"]) == (422, "invalid_signature")


async def test_same_intent_again_with_an_invalid_signature_is_422(api):
    user, other = await api.funded_user(), await api.funded_user()
    intent = await api.submitted(user)
    answer = await api.submit(intent, other)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_signature")


async def test_hundred_submissions_at_once_make_one_intent(api):
    user = await api.funded_user()
    intent = api.intent(user.address)
    answers = await asyncio.gather(*(api.submit(intent, user) for _ in range(100)))
    assert sorted(answer.status_code for answer in answers) == [200] * 99 + [201]
    assert await api.count("SELECT count(*) FROM facts WHERE name = 'IntentSubmitted'") == 1
    assert await api.count("SELECT count(*) FROM auctions") == 1


async def test_intents_at_once_never_claim_more_than_the_user_has(api):
    user = await api.funded_user(balance=3_000_000)
    answers = await asyncio.gather(*(api.submit(api.intent(user.address), user) for _ in range(12)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [422] * 9
    assert {answer.json()["code"] for answer in answers if answer.status_code == 422} == {"insufficient_balance"}


async def test_different_intents_with_one_nonce_at_once_make_one_intent(api):
    user = await api.funded_user()
    offers = [api.intent(user.address, nonce=7, input_amount=1_000_000 + n) for n in range(10)]
    answers = await asyncio.gather(*(api.submit(offer, user) for offer in offers))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"nonce_used"}


async def test_bare_recovery_id_is_stored_as_27_or_28(api):
    user = await api.funded_user()
    body = api.submission(api.intent(user.address), user)
    signature = bytes.fromhex(body["signature"][2:])
    body["signature"] = hexes.to_hex(signature[:64] + bytes((signature[64] - 27,)))
    assert (await api.client.post("/api/v1/intents", json=body)).status_code == 201
    async with api.database.driver.acquire() as connection:
        assert await connection.fetchval("SELECT signature FROM submissions") == signature


async def test_at_once_on_two_chains_only_the_hundredth_live_intent_is_taken(api, until_waiting):
    """Two indexers let them all go on at one moment: each would be the hundredth if it counted for its chain alone."""
    user = await api.funded_user()
    await api.fund(user, 10**12, 10**12, DESTINATION)
    chains = [api.network.chains[one] for one in (ORIGIN, DESTINATION)]
    ways = [
        {
            "origin_chain_id": one.chain_id,
            "destination_chain_id": other.chain_id,
            "input_token": one.tokens[0].address,
            "output_token": other.tokens[0].address,
        }
        for one, other in (chains, chains[::-1])
    ]
    offers = [api.intent(user.address, input_amount=1, **ways[number % 2]) for number in range(99 + AT_ONCE)]
    first = await asyncio.gather(*(api.submit(offer, user) for offer in offers[:99]))
    assert [answer.status_code for answer in first] == [201] * 99
    async with pool.transaction(api.database) as connection:
        await claims.lock_accounts(connection, [claims.Account(user.address, one) for one in (ORIGIN, DESTINATION)])
        answering = [asyncio.create_task(api.submit(offer, user)) for offer in offers[99:]]
        await until_waiting(connection, *answering)
    answers = await asyncio.gather(*answering)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * (AT_ONCE - 1)
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"too_many_live_intents"}
    assert await api.count("SELECT count(*) FROM intents WHERE status = 'pending'") == 100


async def test_a_nonce_that_a_step_of_the_indexer_is_just_using_up_is_used(api, until_waiting):
    """Who did not wait for the step would see nothing of it, and the step nothing of the intent."""
    user = await api.funded_user()
    intent = api.intent(user.address)
    async with pool.transaction(api.database) as connection:
        await api.write_step(connection, ORIGIN, facts.NonceInvalidated(user.address, intent.nonce))
        answering = asyncio.create_task(api.submit(intent, user))
        await until_waiting(connection, answering)
    answer = await answering
    assert (answer.status_code, answer.json()["code"]) == (409, "nonce_used")
