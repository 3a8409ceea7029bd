"""Whether this service works: for people, for Kubernetes, for Prometheus.

`/health` is unhealthy (503) when no right answer can be given: PostgreSQL away, or a chain stopped until a person
looks. A chain behind, out of reach or disputed by its nodes, or Redis away, is degraded: answers are right but late.
`ready` asks for PostgreSQL alone, because taking a server out of rotation heals no chain; `live` asks for nothing.
"""

import importlib.metadata
from enum import StrEnum
from typing import Any, Final

import fastapi
from starlette.responses import PlainTextResponse, Response

from orbital.api import answers, chains, docs
from orbital.api.chains import Followed, Following
from orbital.api.deps import Given, NoQuery, Operator, Public, Services
from orbital.api.schemas import protocol as schemas
from orbital.domain.errors import Unavailable
from orbital.domain.types import ChainId
from orbital.observe import metrics
from orbital.storage import pool

VERSION: Final = importlib.metadata.version("orbital-intents")

router = fastapi.APIRouter(tags=["operation"])


class Health(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


@router.get(
    "/health",
    summary="How this service is",
    operation_id="read_health",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownHealth, 200, also=503),
)
async def read_health(services: Given) -> Response:
    following = await _follow(services)
    health = judge(following, is_redis_connected=services.hub.is_connected)
    return answers.json(_show(services, health, following), 503 if health is Health.UNHEALTHY else 200)


@router.get(
    "/health/ready",
    summary="Whether to send requests here",
    operation_id="read_readiness",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownHealth, 200, also=503),
)
async def read_ready(services: Given) -> Response:
    """The health, but 503 only while PostgreSQL is away."""
    following = await _follow(services)
    health = judge(following, is_redis_connected=services.hub.is_connected)
    return answers.json(_show(services, health, following), 503 if following is None else 200)


@router.get(
    "/health/live",
    summary="Whether this process answers at all",
    operation_id="read_liveness",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownProbe, 200),
)
async def read_live(services: Given) -> Response:
    """That this answers says all: nothing else is asked."""
    return answers.json(
        {"status": Health.HEALTHY.value, "version": VERSION, "uptime_seconds": _uptime_seconds(services)}
    )


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    operation_id="read_metrics",
    dependencies=[Operator, NoQuery],
    response_class=PlainTextResponse,
    responses=docs.answers(None, 200, 401),
)
async def read_metrics() -> Response:
    """With a metrics token set, for its bearer alone."""
    return Response(metrics.render(), media_type=metrics.CONTENT_TYPE)


def judge(following: dict[ChainId, Followed] | None, *, is_redis_connected: bool) -> Health:
    """From how the chains are followed (None: PostgreSQL is away) and whether Redis is there."""
    if following is None or any(one.following is Following.STOPPED for one in following.values()):
        return Health.UNHEALTHY
    is_all_well = is_redis_connected and all(one.is_well for one in following.values())
    return Health.HEALTHY if is_all_well else Health.DEGRADED


def _show(services: Services, health: Health, following: dict[ChainId, Followed] | None) -> dict[str, Any]:
    return {
        "status": health.value,
        "version": VERSION,
        "uptime_seconds": _uptime_seconds(services),
        "database": "unavailable" if following is None else "ok",
        "redis": "ok" if services.hub.is_connected else "unavailable",
        "chains": [_show_chain(chain_id, one) for chain_id, one in (following or {}).items()],
    }


def _show_chain(chain_id: ChainId, one: Followed) -> dict[str, Any]:
    code = None if one.dispute is None else one.dispute.code
    return {"chain_id": chain_id, "status": one.following.value, "dispute": code}


def _uptime_seconds(services: Services) -> int:
    return max(0, int(services.clock() - services.started_at))


async def _follow(services: Services) -> dict[ChainId, Followed] | None:
    try:
        async with pool.acquire(services.pool) as connection:
            checkpoints = await chains.load_checkpoints(connection)
    except Unavailable:
        return None
    return chains.follow_all(services.network, checkpoints, services.now)
