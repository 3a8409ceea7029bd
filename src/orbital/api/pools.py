"""The pools as their events add up: reserves, ticks, prices and depth as of the last indexed block."""

import asyncio
import re
from typing import Final

import fastapi
from starlette.requests import Request
from starlette.responses import Response

from orbital.api import answers, body, docs, paging
from orbital.api.deps import Given, NoQuery, Public
from orbital.api.errors import not_found
from orbital.api.schemas import pools as schemas
from orbital.api.schemas import queries
from orbital.chain import hexes
from orbital.domain.errors import Rejected
from orbital.domain.types import Address, ChainId
from orbital.storage import pool

_KEY_BYTES: Final = 32
_CHAIN_ID: Final = re.compile(r"[1-9][0-9]{0,15}")

router = fastapi.APIRouter(prefix="/api/v1", tags=["pools"])


@router.get(
    "/pools",
    summary="The pools of every chain",
    operation_id="list_pools",
    dependencies=[Public],
    responses=docs.answers(schemas.ShownPools, 200, 422, 503),
    openapi_extra=docs.asks(queries.Page),
)
async def list_pools(request: Request, services: Given) -> Response:
    """By chain and address; a pool is listed once its creation is indexed."""
    asked = body.query(request, queries.Page)
    after = paging.decode("pools", asked.cursor)
    keys = sorted((chain.chain_id, address) for chain in services.network.chains.values() for address in chain.pools)
    keys = [key for key in keys if after is None or (int(key[0]), _pad(key[1])) > (after[0], bytes(after[1]))]
    async with pool.acquire(services.pool) as connection:
        known = await services.pools.load(connection, keys)
    shown = paging.page(
        [known[key] for key in keys if key in known],
        asked.limit,
        lambda one: schemas.show_pool(one, services.network),
        lambda one: paging.encode("pools", one.market.chain_id, _pad(one.market.address)),
    )
    return answers.json(shown)


@router.get(
    "/pools/{chain_id}/{address}",
    summary="A pool with its ticks, prices and depth",
    operation_id="read_pool",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownPoolDetail, 200, 404, 503),
)
async def read_pool(chain_id: str, address: str, services: Given) -> Response:
    key = _parse(chain_id, address)
    chain = services.network.chains.get(key[0])
    if chain is None or key[1] not in chain.pools:
        raise not_found("There is no such pool.")
    async with pool.acquire(services.pool) as connection:
        known = await services.pools.load(connection, [key])
    if key not in known:
        raise not_found("Nothing is indexed of this pool yet.")
    async with services.pools.depth_search:
        shown = await asyncio.to_thread(schemas.show_detail, known[key], services.network)
    return answers.json(shown)


def _parse(chain_id: str, address: str) -> tuple[ChainId, Address]:
    if _CHAIN_ID.fullmatch(chain_id) is None:
        raise not_found("There is no such pool.")
    try:
        return ChainId(int(chain_id)), hexes.parse_address(address)
    except Rejected as failure:
        raise not_found("There is no such pool.") from failure


def _pad(address: Address) -> bytes:
    return address.rjust(_KEY_BYTES, b"\0")
