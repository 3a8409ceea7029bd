"""Taking an intent: every check in its order, then one transaction that makes it a fact.

Chains are asked outside the transaction; inside it, with the user's accounts held, everything that a database knows is
read once. So any number of submissions of one intent make one fact, and any number of a user's intents never claim more
than he has: what the chain said counts only if it is of a block that has every open of the user that is indexed.

A fault that needs no database is looked at a second time with what the database knows: an intent that was taken before
has none, and of several faults the first in the order of the interface is told.

However many nodes are silent, and whatever else they are asked, the chain has so many seconds for a submission (see
`ApiSettings`); with the database away too, the caller is told within 3 s.
"""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeVar

from orbital.api import signatures
from orbital.api.deps import Services
from orbital.api.schemas import auctions as auction_schemas
from orbital.chain import eip712, settler, token
from orbital.chain.gather import Gather
from orbital.chain.rpc import RpcError
from orbital.domain import facts, intake
from orbital.domain.errors import Conflict, Corrupt, FieldError, OrbitalError, Unavailable
from orbital.domain.intent import Intent
from orbital.domain.types import Address, Amount, Hash32, IntentId
from orbital.storage import auctions, batches, claims, intents, ledger, outbox, pool
from orbital.storage.intents import Standing

FIRST_ROUND: Final = 1
ASKS_MAX: Final = 5
"""How often the origin is asked until its answer has the user's last open: the first two may be too early for that."""

_EARLY_ASKS: Final = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Taken:
    """The intent's row as it is now. `is_new`: this submission made it."""

    row: pool.Row
    is_new: bool


class _Offer(NamedTuple):
    """An intent that its user signed, with the signature as contracts take it."""

    intent: Intent
    intent_id: IntentId
    signature: bytes


class _OnChain(NamedTuple):
    """What the user has on the origin at one block, which is not below `height`."""

    balance: Amount
    allowance: Amount
    height: int


async def submit(services: Services, intent: Intent, signature: bytes) -> Taken:
    """Take the intent, or find it taken. Raises the first fault in the order of the interface."""
    until = asyncio.get_running_loop().time() + services.settings.submit_chain_seconds
    try:
        offer = await _within(until, _examine(services, intent, signature))
    except OrbitalError as fault:
        return await _look_again(services, intent, signature, fault, until)
    gather, home = services.get_gather(intent.origin_chain_id), _home_of(services, intent)
    for number in range(ASKS_MAX):
        try:
            on_chain = await _within(until, _ask_origin(gather, intent, home))
        except OrbitalError as fault:
            return await _look_again(services, intent, signature, fault, until)
        taken = await _record(services, offer, on_chain)
        if taken is not None:
            return taken
        if number >= _EARLY_ASKS:
            gather.blame()
    raise Unavailable("chain_unavailable", "The origin chain's node is behind what is indexed.", 1)


def digest_of(services: Services, intent: Intent) -> IntentId:
    """The intent's id under the origin's settler. The chain must be a served one."""
    return eip712.intent_id(intent, _home_of(services, intent))


def _home_of(services: Services, intent: Intent) -> Address:
    return services.network.get_chain(intent.origin_chain_id).settler


async def _examine(services: Services, intent: Intent, signature: bytes) -> _Offer:
    """Everything for which no database is needed; the deadlines are left, which count from what the indexer saw."""
    intake.validate_fixed_terms(intent, services.network)
    intent_id = digest_of(services, intent)
    rpc = services.get_rpc(intent.origin_chain_id)
    normal = await signatures.verify(rpc, intent.user, Hash32(intent_id), signature)
    intake.validate_parties(intent, services.settings.denied)
    return _Offer(intent, intent_id, normal)


async def _within(until: float, asking: Awaitable[T]) -> T:
    """What a chain is asked, until this time of the loop; Unavailable also when the chain is not the one expected."""
    try:
        async with asyncio.timeout_at(until):
            return await asking
    except (TimeoutError, Corrupt) as failure:
        raise Unavailable("chain_unavailable", "The origin chain's nodes do not answer as they should.", 1) from failure


async def _look_again(services: Services, intent: Intent, signature: bytes, fault: OrbitalError, until: float) -> Taken:
    """What to answer instead of this fault, which the intent has if it is new; raises the first of its faults."""
    try:
        async with asyncio.timeout_at(until + services.settings.submit_database_seconds):
            return await _find_held(services, intent, signature, fault, until)
    except TimeoutError as failure:
        raise services.pool.explain(failure) from failure


async def _find_held(services: Services, intent: Intent, signature: bytes, fault: OrbitalError, until: float) -> Taken:
    """Return this very intent if it was submitted before."""
    async with pool.acquire(services.pool) as connection:
        standing = await intents.find_standing(connection, intent)
    intent_id = digest_of(services, intent) if intent.origin_chain_id in services.network.chains else None
    if intent_id is None or standing.nonce_holder != intent_id:
        intake.validate_terms(intent, services.network, max(services.now, standing.head_time))
        raise fault
    rpc = services.get_rpc(intent.origin_chain_id)
    await _within(until, signatures.verify(rpc, intent.user, Hash32(intent_id), signature))
    async with pool.acquire(services.pool) as connection:
        return Taken(await intents.get_row(connection, intent_id), is_new=False)


def _validate_nonce(standing: Standing, intent_id: IntentId) -> None:
    if standing.nonce_holder is not None and standing.nonce_holder != intent_id:
        raise _nonce_used("Another intent of this user has this nonce on this chain.")
    if standing.is_nonce_taken:
        raise _nonce_used("This nonce is used up on chain.")


async def _ask_origin(gather: Gather, intent: Intent, home: Address) -> _OnChain:
    """Balance and allowance, from one request with the nonce; Conflict if the chain says that this one is used."""
    contract, coin = settler.load(), token.load()
    calls = [
        (home, contract.encode_call("nonceUsed", intent.user, intent.nonce)),
        (intent.input_token, coin.encode_call("balanceOf", intent.user)),
        (intent.input_token, coin.encode_call("allowance", intent.user, home)),
    ]
    answers, height = await gather.call_many(calls)
    for answer in answers:
        if isinstance(answer, RpcError):
            raise Unavailable("chain_unavailable", f"The origin chain's node refuses to answer: {answer.message}", 5)
    used, balance, allowance = map(_bytes, answers)
    try:
        (is_used,) = contract.decode_return("nonceUsed", used)
        on_chain = _OnChain(
            Amount(coin.decode_return("balanceOf", balance)[0]),
            Amount(coin.decode_return("allowance", allowance)[0]),
            height,
        )
    except Corrupt as failure:
        raise Unavailable("chain_unavailable", f"The origin chain's contracts don't answer: {failure.detail}", 5) from (
            failure
        )
    if is_used:
        raise _nonce_used("The chain says that this nonce is used.")
    return on_chain


async def _record(services: Services, offer: _Offer, on_chain: _OnChain) -> Taken | None:
    """Make it a fact. None when the chain was asked too early: an input that was opened since is in neither sum."""
    (intent, intent_id, signature), rules = offer, services.network.rules
    async with pool.transaction(services.pool) as connection:
        places = (claims.EVERYWHERE, intent.origin_chain_id)
        await claims.lock_accounts(connection, [claims.Account(intent.user, place) for place in places])
        standing = await intents.find_standing(connection, intent, on_chain.height)
        if standing.nonce_holder == intent_id:
            return Taken(await intents.get_row(connection, intent_id), is_new=False)
        intake.validate_deadlines(intent, max(services.now, standing.head_time))
        _validate_nonce(standing, intent_id)
        if standing.is_opened_above:
            return None
        intake.validate_load(standing.load.live)
        intake.validate_funds(intent, standing.load.inputs, on_chain.balance, on_chain.allowance)
        await intents.put_submission(connection, intent_id, signature)
        fact = facts.Fact(intent_id, facts.IntentSubmitted(intent), position=None, timestamp=standing.now)
        batch = batches.gather([fact])
        await ledger.write(connection, batch, rules, await claims.claim(connection, [intent_id], batch, rules))
        await _open_auction(connection, intent_id, services.settings.auction_window_ms)
        return Taken(await intents.get_row(connection, intent_id), is_new=True)


async def _open_auction(connection: pool.Connection, intent_id: IntentId, window_ms: int) -> None:
    """The first round, unless the auctioneer opened it before: for an intent that its user opened on chain."""
    closes_at = await auctions.open_round(connection, intent_id, FIRST_ROUND, window_ms)
    if closes_at is not None:
        data = auction_schemas.announce_opened(intent_id, FIRST_ROUND, closes_at)
        await outbox.announce(connection, [outbox.Announcement("auctions", "opened", data)])


def _bytes(answer: bytes | RpcError) -> bytes:
    assert isinstance(answer, bytes)
    return answer


def _nonce_used(detail: str) -> Conflict:
    return Conflict("nonce_used", detail, (FieldError("/intent/nonce", "nonce_used", detail),))
