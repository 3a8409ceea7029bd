"""Taking an intent: every check in its order, then one transaction that makes it a fact.

Chains are asked outside the transaction; inside it, with the user's account held, whatever another submission of the
same user could have changed is checked again. So any number of submissions of one intent make one fact, and any number
of a user's intents never claim more than he has.
"""

from dataclasses import dataclass
from typing import Final

from orbital.api import signatures
from orbital.api.deps import Services
from orbital.api.schemas import auctions as auction_schemas
from orbital.chain import eip712, settler, token
from orbital.chain.gather import Gather
from orbital.chain.rpc import RpcError
from orbital.domain import facts, intake
from orbital.domain.errors import Conflict, Corrupt, FieldError, Unavailable
from orbital.domain.intent import Intent
from orbital.domain.types import Address, Amount, Hash32, IntentId
from orbital.storage import auctions, batches, claims, intents, ledger, outbox, pool
from orbital.storage.intents import Standing

FIRST_ROUND: Final = 1


@dataclass(frozen=True, slots=True)
class Taken:
    """The intent's row as it is now. `is_new`: this submission made it."""

    row: pool.Row
    is_new: bool


@dataclass(frozen=True, slots=True)
class _OnChain:
    """What the origin says at one block."""

    is_nonce_used: bool
    balance: Amount
    allowance: Amount


async def submit(services: Services, intent: Intent, signature: bytes) -> Taken:
    """Take the intent, or find it taken. Raises the first fault in the order of the interface."""
    async with pool.acquire(services.pool) as connection:
        standing = await intents.find_standing(connection, intent)
    terms = intake.Terms(services.network, services.settings.denied, max(services.now, standing.head_time))
    is_known = _is_held(services, intent, standing)
    if not is_known:
        intake.validate_terms(intent, terms)
    intent_id = digest_of(services, intent)
    rpc, gather = services.get_rpc(intent.origin_chain_id), services.get_gather(intent.origin_chain_id)
    normal = await signatures.verify(rpc, intent.user, Hash32(intent_id), signature)
    if is_known:
        async with pool.acquire(services.pool) as connection:
            return Taken(await intents.get_row(connection, intent_id), is_new=False)
    intake.validate_parties(intent, terms)
    while True:
        _validate_nonce(standing, intent_id)
        on_chain = await _ask_origin(gather, intent, services.network.get_chain(intent.origin_chain_id).settler)
        if on_chain.is_nonce_used:
            raise _nonce_used("The chain says that this nonce is used.")
        taken = await _record(services, intent, intent_id, normal, on_chain, standing.opens)
        if taken is not None:
            return taken
        async with pool.acquire(services.pool) as connection:
            standing = await intents.find_standing(connection, intent)


def digest_of(services: Services, intent: Intent) -> IntentId:
    """The intent's id under the origin's settler. The chain must be a served one."""
    return eip712.intent_id(intent, services.network.get_chain(intent.origin_chain_id).settler)


def _is_held(services: Services, intent: Intent, standing: Standing) -> bool:
    """Whether this very intent was submitted before."""
    holder = standing.nonce_holder
    return (
        holder is not None
        and intent.origin_chain_id in services.network.chains
        and holder == digest_of(services, intent)
    )


def _validate_nonce(standing: Standing, intent_id: IntentId) -> None:
    if standing.nonce_holder is not None and standing.nonce_holder != intent_id:
        raise _nonce_used("Another intent of this user has this nonce on this chain.")
    if standing.is_nonce_taken:
        raise _nonce_used("This nonce is used up on chain.")


async def _ask_origin(gather: Gather, intent: Intent, home: Address) -> _OnChain:
    """Nonce, balance and allowance from one request."""
    contract, coin = settler.load(), token.load()
    calls = [
        (home, contract.encode_call("nonceUsed", intent.user, intent.nonce)),
        (intent.input_token, coin.encode_call("balanceOf", intent.user)),
        (intent.input_token, coin.encode_call("allowance", intent.user, home)),
    ]
    used, balance, allowance = await gather.call_many(calls)
    for answer in (used, balance, allowance):
        if isinstance(answer, RpcError):
            raise Unavailable("chain_unavailable", f"The origin chain's node refuses to answer: {answer.message}", 5)
    try:
        return _OnChain(
            bool(contract.decode_return("nonceUsed", _bytes(used))[0]),
            Amount(coin.decode_return("balanceOf", _bytes(balance))[0]),
            Amount(coin.decode_return("allowance", _bytes(allowance))[0]),
        )
    except Corrupt as failure:
        raise Unavailable("chain_unavailable", f"The origin chain's contracts don't answer: {failure.detail}", 5) from (
            failure
        )


async def _record(
    services: Services, intent: Intent, intent_id: IntentId, signature: bytes, on_chain: _OnChain, opens: int
) -> Taken | None:
    """Make it a fact. None when an open was indexed since the chain was asked: its input is in neither sum then."""
    rules = services.network.rules
    async with pool.transaction(services.pool) as connection:
        await claims.lock_accounts(connection, [intent.user])
        standing = await intents.find_standing(connection, intent)
        if standing.nonce_holder == intent_id:
            return Taken(await intents.get_row(connection, intent_id), is_new=False)
        if standing.opens != opens:
            return None
        _validate_nonce(standing, intent_id)
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
