"""Taking a bid: every check in its order, and again with the intent held, so that no bid slips in after the close."""

import datetime as dt
from typing import Final

from orbital.api import signatures
from orbital.api.deps import Services
from orbital.api.errors import not_found
from orbital.chain import eip712
from orbital.domain import auction, solver
from orbital.domain.errors import Conflict, FieldError, Forbidden, Rejected
from orbital.domain.intent import Bid
from orbital.domain.lifecycle import Status
from orbital.domain.types import Address, Hash32, IntentId
from orbital.storage import auctions, claims, intents, ledger, pool, solvers
from orbital.storage.auctions import OpenRound
from orbital.storage.intents import IntentView

BIDDABLE: Final = frozenset({Status.PENDING, Status.OPENED})


async def bid(services: Services, caller: Address, intent_id: IntentId, given: Bid, signature: bytes) -> Hash32:
    """Store the bid in the open round; returns its digest, which is its id. Raises the first fault."""
    async with pool.acquire(services.pool) as connection:
        view = await _check(connection, services, caller, intent_id, given)
    origin = services.network.get_chain(view.intent.origin_chain_id)
    digest = eip712.bid_digest(given, origin.chain_id, origin.settler)
    normal = await signatures.verify(services.get_rpc(origin.chain_id), given.solver, digest, signature)
    async with pool.transaction(services.pool) as connection:
        await claims.lock_intents(connection, [intent_id])
        view = await _check(connection, services, caller, intent_id, given)
        round_ = await _open_round(connection, view)
        await auctions.put_bid(connection, digest, given, round_.round, normal, services.settings.auction_window_ms)
    return digest


async def _check(
    connection: pool.Connection, services: Services, caller: Address, intent_id: IntentId, given: Bid
) -> IntentView:
    view = await intents.find(connection, intent_id)
    if view is None:
        raise not_found("There is no such intent.")
    if given.intent_id != intent_id:
        raise _rejected("invalid_request", "intent_id", "The bid is for another intent than the path.")
    await _validate_solver(connection, services, caller, view, given)
    round_ = await _open_round(connection, view)
    if given.output_amount < view.intent.min_output_amount:
        raise _rejected("bid_too_low", "output_amount", f"The user wants at least {view.intent.min_output_amount}.")
    if given.valid_until < _needed_until(round_, services.settings.auction_window_ms):
        raise _rejected("bid_expired", "valid_until", "A bid must be valid until 5 s after the auction closes.")
    return view


async def _validate_solver(
    connection: pool.Connection, services: Services, caller: Address, view: IntentView, given: Bid
) -> None:
    if given.solver != caller:
        raise Forbidden("wrong_solver", "The bid names another solver than the one who is logged in.")
    known = await solvers.find(connection, caller)
    now = await ledger.now(connection)
    lapses = await ledger.list_lapses(connection, [caller], now - auction.LAPSES_SEEN_SECONDS)
    chain_ids = view.intent.origin_chain_id, view.intent.destination_chain_id
    obstacle = solver.find_obstacle(known, lapses[caller], chain_ids, services.network.min_bond_wei, now)
    if obstacle is not None:
        raise Forbidden(obstacle.refusal.value, obstacle.detail)
    if caller in view.lapsed_solvers:
        raise Forbidden("not_eligible", "This solver let an award for this very intent lapse.")


async def _open_round(connection: pool.Connection, view: IntentView) -> OpenRound:
    """The round that takes bids now: its window runs, or it is idle and waits for a first bid."""
    round_ = await auctions.find_open_round(connection, view.intent_id)
    takes_bids = round_ is not None and (round_.is_running or round_.is_idle)
    if round_ is None or not takes_bids or not view.auctionable or view.status not in BIDDABLE:
        raise Conflict("auction_closed", "This auction takes no bids now.")
    return round_


def _needed_until(round_: OpenRound, window_ms: int) -> float:
    """Unix time up to which a bid must hold; a bid in an idle round starts the window."""
    closes_at = round_.now + dt.timedelta(milliseconds=window_ms) if round_.is_idle else round_.closes_at
    return closes_at.timestamp() + auction.BID_VALIDITY_AFTER_CLOSE_SECONDS


def _rejected(code: str, field: str, detail: str) -> Rejected:
    return Rejected(code, detail, (FieldError(f"/bid/{field}", code, detail),))
