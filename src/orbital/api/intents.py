"""Intents: submit, read, follow, cancel."""

from typing import Any

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, docs, examples, intake, paging
from orbital.api.deps import Caller, Given, NoQuery, Public, Services, parse_intent_id
from orbital.api.errors import not_found
from orbital.api.schemas import intents as schemas
from orbital.api.schemas import queries
from orbital.domain import evidence, explain, facts
from orbital.domain.errors import Conflict
from orbital.domain.lifecycle import Status
from orbital.domain.types import Address, IntentId
from orbital.storage import auctions, canonical, claims, intents, ledger, pool
from orbital.storage.intents import ForeignView, IntentView

router = fastapi.APIRouter(prefix="/api/v1/intents", tags=["intents"])


async def load_shown(services: Services, intent_id: str) -> dict[str, Any]:
    """The Intent that this text of a path names; NotFound when there is none."""
    async with pool.acquire(services.pool) as connection:
        row = await intents.find_row(connection, parse_intent_id(intent_id))
    if row is None:
        raise not_found("There is no such intent.")
    return schemas.show_intent(row)


@router.post(
    "",
    summary="Submit a signed intent",
    operation_id="submit_intent",
    status_code=201,
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownIntent, 201, 400, 403, 409, 413, 415, 422, 503, also=200),
    openapi_extra=docs.takes(schemas.Submission, examples.SUBMISSION),
)
async def submit(request: Request, services: Given) -> Response:
    """Take an intent and open its auction; the same intent again answers 200 with what became of it."""
    given = await body.read(request, schemas.Submission)
    taken = await intake.submit(services, given.intent.to_domain(), given.signature)
    shown = schemas.show_intent(taken.row)
    if not taken.is_new:
        return answers.json(shown)
    return answers.json(shown, 201, {"Location": f"/api/v1/intents/{shown['intent_id']}"})


@router.get(
    "",
    summary="Own intents, newest first",
    operation_id="list_intents",
    responses=docs.answers(schemas.ShownIntents, 200, 401, 422, 503),
    openapi_extra=docs.asks(queries.IntentPage),
)
async def list_own(request: Request, services: Given, caller: Caller) -> Response:
    asked = body.query(request, queries.IntentPage)
    only = intents.Filter(
        asked.status, answers.chain_id(asked.origin_chain_id), answers.chain_id(asked.destination_chain_id)
    )
    after = paging.decode("intents", asked.cursor)
    async with pool.acquire(services.pool) as connection:
        found = await intents.list_by_user(connection, caller, answers.at_second(after), asked.limit + 1, only)
    return answers.json(paging.page(found, asked.limit, schemas.show_intent, _cursor_of))


@router.get(
    "/{intent_id}",
    summary="One intent",
    operation_id="read_intent",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownIntent, 200, 404, 503),
)
async def read(intent_id: str, services: Given) -> Response:
    """Everything public about an intent, with the finality of each step as of now."""
    return answers.json(await load_shown(services, intent_id))


@router.get(
    "/{intent_id}/status",
    summary="How far an intent is, and what it waits for",
    operation_id="read_intent_status",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownStatus, 200, 404, 503),
)
async def read_status(intent_id: str, services: Given) -> Response:
    async with pool.acquire(services.pool) as connection:
        view = await intents.find_any(connection, parse_intent_id(intent_id))
        if view is None:
            raise not_found("There is no such intent.")
        if isinstance(view, ForeignView):
            reason = explain.explain_foreign(view.status, chain_stalled=bool(view.stalled_chains))
        else:
            reason = await _explain(connection, services, view)
    return answers.json(schemas.show_status(view, reason))


@router.get(
    "/{intent_id}/events",
    summary="An intent's ledger",
    operation_id="list_intent_events",
    dependencies=[Public],
    responses=docs.answers(schemas.ShownEvents, 200, 404, 422, 503),
    openapi_extra=docs.asks(queries.Page),
)
async def list_events(intent_id: str, request: Request, services: Given) -> Response:
    """Every fact in order of arrival; those that a reorg took are there, not canonical."""
    asked = body.query(request, queries.Page)
    after = paging.decode("events", asked.cursor)
    wanted = parse_intent_id(intent_id)
    async with pool.acquire(services.pool) as connection:
        if await intents.find_row(connection, wanted) is None:
            raise not_found("There is no such intent.")
        found = await ledger.list_events(connection, wanted, after[0] if after else 0, asked.limit + 1)
    shown = paging.page(found, asked.limit, schemas.show_event, lambda entry: paging.encode("events", entry.seq))
    return answers.json(shown)


@router.post(
    "/{intent_id}/cancel",
    summary="Cancel an own intent that is not matched yet",
    operation_id="cancel_intent",
    dependencies=[NoQuery],
    responses=docs.answers(schemas.ShownIntent, 200, 401, 404, 409, 503),
)
async def cancel(intent_id: str, request: Request, services: Given, caller: Caller) -> Response:
    """Our promise not to award it. Only `invalidateNonce` on the origin chain binds the chain."""
    await body.read_nothing(request)
    wanted = parse_intent_id(intent_id)
    async with pool.transaction(services.pool) as connection:
        await _find_own(connection, wanted, caller)  # before the lock, which makes a row for any id
        await claims.lock_intents(connection, [wanted])
        view = await _find_own(connection, wanted, caller)
        if view.status is not Status.CANCELLED:
            _validate_cancellable(view)
            fact = facts.Fact(wanted, facts.IntentCancelled(caller), None, await ledger.now(connection))
            await ledger.record(connection, [fact], services.network.rules)
        row = await intents.get_row(connection, wanted)
    return answers.json(schemas.show_intent(row))


async def _find_own(connection: pool.Connection, intent_id: IntentId, caller: Address) -> IntentView:
    view = await intents.find(connection, intent_id)
    if view is None or view.intent.user != caller:
        raise not_found("You have no such intent.")
    return view


def _validate_cancellable(view: IntentView) -> None:
    """A delivered intent that a reorg made pending again stays: its solver must be able to open it once more."""
    if view.status is Status.MATCHED:
        raise Conflict("intent_matched", "A solver holds a live award: only invalidating the nonce on chain binds it.")
    if view.status is not Status.PENDING or view.legs:
        raise Conflict("intent_not_cancellable", f"An intent that is {view.status.value} can't be cancelled any more.")


async def _explain(connection: pool.Connection, services: Services, view: IntentView) -> explain.Explain:
    is_idle, last_fault = False, None
    if view.status is Status.PENDING:
        opened = await auctions.find_open_round(connection, view.intent_id)
        is_idle = opened is not None and opened.is_idle
        told = await canonical.load(connection, [view.intent_id])
        rounds = evidence.gather(view.intent_id, told[view.intent_id], services.network.rules).rounds
        last_fault = rounds[-1].fault if rounds else None
    return explain.explain(
        view.status,
        opened=view.is_opened,
        chain_stalled=bool(view.stalled_chains),
        bids_refused=is_idle,
        last_fault=last_fault,
    )


def _cursor_of(row: pool.Row) -> str:
    return paging.encode("intents", row["created_at"], row["intent_id"])
