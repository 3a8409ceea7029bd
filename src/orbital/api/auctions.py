"""Auctions: what is open for bids, bidding, the award for its winner, and the whole of it once it is public."""

import time
from typing import Any, Final

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, bidding, body, docs, examples, paging
from orbital.api.deps import (
    Bidder,
    Caller,
    Given,
    Identified,
    NoQuery,
    Public,
    Services,
    Solver,
    parse_intent_id,
    parse_path_address,
)
from orbital.api.errors import not_found
from orbital.api.schemas import auctions as schemas
from orbital.api.schemas import queries
from orbital.api.tokens import Identity
from orbital.chain import hexes
from orbital.domain.errors import NotFound
from orbital.domain.lifecycle import Status
from orbital.domain.types import Address, ChainId
from orbital.storage import auctions, intents, pool
from orbital.storage.auctions import AwardView, PendingAuction

LOOK_AGAIN_SECONDS: Final = 1.0
"""Without announcements a long poll asks the database so often."""

SEALED: Final = frozenset({Status.PENDING, Status.MATCHED})

router = fastapi.APIRouter(prefix="/api/v1", tags=["auctions"])


@router.get(
    "/intents/pending",
    summary="Open auctions, oldest first",
    operation_id="list_open_auctions",
    responses=docs.answers(schemas.ShownPendings, 200, 401, 403, 422, 503),
    openapi_extra=docs.asks(queries.PendingPage),
)
async def list_pending(request: Request, services: Given, caller: Solver) -> Response:
    """Everything a bid needs. An idle auction shows when it would close if a bid came now."""
    asked = body.query(request, queries.PendingPage)
    after = paging.decode_time("pending", asked.cursor)
    async with pool.acquire(services.pool) as connection:
        found = await auctions.list_pending(
            connection,
            caller,
            services.settings.auction_window_ms,
            after,
            asked.limit + 1,
            None if asked.chains is None else [ChainId(one) for one in asked.chains],
            None if asked.tokens is None else [Address(one) for one in asked.tokens],
        )
    return answers.json(paging.page(found, asked.limit, schemas.show_pending, _pending_cursor))


@router.post(
    "/intents/{intent_id}/bids",
    summary="Bid in an open auction",
    operation_id="submit_bid",
    status_code=201,
    dependencies=[NoQuery],
    responses=docs.answers(schemas.AcceptedBid, 201, 400, 401, 403, 404, 409, 413, 415, 422, 503),
    openapi_extra=docs.takes(schemas.BidSubmission, examples.BID),
)
async def bid(intent_id: str, request: Request, services: Given, caller: Bidder) -> Response:
    """Binding until `valid_until`; a solver's last bid counts."""
    given = await body.read(request, schemas.BidSubmission)
    wanted = parse_intent_id(intent_id)
    bid_id = await bidding.bid(services, caller, wanted, given.bid.to_domain(), given.signature)
    return answers.json({"bid_id": hexes.to_hex(bid_id), "status": "accepted"}, 201)


@router.get(
    "/intents/{intent_id}/auction",
    summary="An auction, once it is public",
    operation_id="read_auction",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownAuction, 200, 404, 503),
)
async def read_auction(intent_id: str, services: Given) -> Response:
    """Every round with all bids, scores and reasons. A round that still takes bids is not shown."""
    wanted = parse_intent_id(intent_id)
    async with pool.acquire(services.pool) as connection:
        view = await intents.find(connection, wanted)
        if view is None:
            raise not_found("There is no such intent.")
        rounds = await auctions.list_rounds(connection, wanted)
        public = [one for one in rounds if one.state != "open" or not view.auctionable]
        if view.status in SEALED or (rounds and not public):
            raise NotFound("auction_open", "The auction is sealed until the intent is opened or has ended.")
        shown = [(one, await auctions.list_bids(connection, wanted, one.round)) for one in public]
    return answers.json(schemas.show_auction(wanted, shown))


@router.get(
    "/intents/{intent_id}/award",
    summary="The caller's award for an intent",
    operation_id="read_award",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownAward, 200, 401, 404, 503),
)
async def read_award(intent_id: str, services: Given, caller: Caller) -> Response:
    """All that the winner needs; to others there is no such thing."""
    async with pool.acquire(services.pool) as connection:
        found = await auctions.find_award(connection, parse_intent_id(intent_id), caller)
    if found is None:
        raise not_found("You have no award for this intent.")
    return answers.json(schemas.show_award(found))


@router.get(
    "/solver/{address}/awards",
    summary="A solver's own awards, newest first",
    operation_id="list_awards",
    responses=docs.answers(schemas.ShownAwards, 200, 304, 401, 404, 422, 503),
    openapi_extra=docs.asks(queries.AwardPage),
)
async def list_awards(address: str, request: Request, services: Given, identity: Identified) -> Response:
    """With `wait`, an answer that tells nothing new is held back until it does, or until so many seconds passed.

    Nothing new is an empty list, or with `If-None-Match` the list of that `ETag` (304 in the end).
    """
    asked = body.query(request, queries.AwardPage)
    if parse_path_address(address) != identity.address:
        raise not_found("These are not your awards.")
    known = request.headers.get("if-none-match")
    shown = await _await_awards(services, identity, asked, known)
    etag = answers.etag_of(shown)
    if etag == known:
        return Response(status_code=304, headers={"ETag": etag})
    return answers.json(shown, headers={"ETag": etag})


async def _await_awards(
    services: Services, identity: Identity, asked: queries.AwardPage, known: str | None
) -> dict[str, Any]:
    solver = identity.address
    ends_at = time.monotonic() + asked.wait
    with (
        services.hub.watch("awards", "solver", hexes.to_hex(solver)) as watch,
        services.waiting.enter(services.pool, identity, watch.notify) as waiter,
    ):
        while True:
            shown = await _list_awards(services, solver, asked)
            is_news = answers.etag_of(shown) != known if known else bool(shown["data"])
            left = ends_at - time.monotonic()
            if is_news or left <= 0 or services.waiting.is_closed:
                return shown
            await watch.wait(left if services.hub.is_connected else min(left, LOOK_AGAIN_SECONDS))
            waiter.check()


async def _list_awards(services: Services, solver: Address, asked: queries.AwardPage) -> dict[str, Any]:
    after = paging.decode_time("awards", asked.cursor)
    async with pool.acquire(services.pool) as connection:
        found = await auctions.list_awards(connection, solver, live=asked.live, after=after, limit=asked.limit + 1)
    return paging.page(found, asked.limit, schemas.show_award, _award_cursor)


def _pending_cursor(one: PendingAuction) -> str:
    return paging.encode_time("pending", one.opened_at, one.intent_id)


def _award_cursor(one: AwardView) -> str:
    return paging.encode_time("awards", one.awarded_at, one.award.intent_id)
