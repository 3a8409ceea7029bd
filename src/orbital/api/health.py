"""Whether this service works: for people, for Kubernetes, for Prometheus.

`/health` is unhealthy (503) when no right answer can be given: PostgreSQL away, or a chain stopped until a person
looks. A chain behind, out of reach or disputed by its nodes, Redis away, or a database with more to do than it can, is
degraded: answers are right but late. `ready` asks for PostgreSQL alone, because taking a server out of rotation heals
no chain, and no load either; `live` asks for nothing. Nothing of this stands in line for a connection.
"""

import importlib.metadata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

import fastapi
from starlette.responses import PlainTextResponse, Response

from orbital.api import answers, chains, docs
from orbital.api.chains import Followed, Following
from orbital.api.deps import Given, NoQuery, Operator, Public, Services
from orbital.api.schemas import protocol as schemas
from orbital.domain.errors import Overloaded, Unavailable
from orbital.domain.types import ChainId
from orbital.observe import metrics
from orbital.storage import pool

VERSION: Final = importlib.metadata.version("orbital-intents")

router = fastapi.APIRouter(tags=["operation"])


class Health(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"


class Database(StrEnum):
    OK = "ok"
    BUSY = "busy"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Seen:
    """The database, and how the chains are followed as far as it said."""

    database: Database
    following: Mapping[ChainId, Followed] = field(default_factory=dict)


@router.get(
    "/health",
    summary="How this service is",
    operation_id="read_health",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownHealth, 200, also=503),
)
async def read_health(services: Given) -> Response:
    seen = await _look(services)
    health = judge(seen, is_redis_connected=services.hub.is_connected)
    return answers.json(_show(services, health, seen), 503 if health is Health.UNHEALTHY else 200)


@router.get(
    "/health/ready",
    summary="Whether to send requests here",
    operation_id="read_readiness",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownHealth, 200, also=503),
)
async def read_ready(services: Given) -> Response:
    """The health, but 503 only while PostgreSQL is away."""
    seen = await _look(services)
    health = judge(seen, is_redis_connected=services.hub.is_connected)
    return answers.json(_show(services, health, seen), 503 if seen.database is Database.UNAVAILABLE else 200)


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


def judge(seen: Seen, *, is_redis_connected: bool) -> Health:
    """From what the database said and whether Redis is there."""
    chains_ = seen.following.values()
    if seen.database is Database.UNAVAILABLE or any(one.following is Following.STOPPED for one in chains_):
        return Health.UNHEALTHY
    is_all_well = is_redis_connected and seen.database is Database.OK and all(one.is_well for one in chains_)
    return Health.HEALTHY if is_all_well else Health.DEGRADED


def _show(services: Services, health: Health, seen: Seen) -> dict[str, Any]:
    return {
        "status": health.value,
        "version": VERSION,
        "uptime_seconds": _uptime_seconds(services),
        "database": seen.database.value,
        "redis": "ok" if services.hub.is_connected else "unavailable",
        "chains": [_show_chain(chain_id, one) for chain_id, one in seen.following.items()],
    }


def _show_chain(chain_id: ChainId, one: Followed) -> dict[str, Any]:
    code = None if one.dispute is None else one.dispute.code
    return {"chain_id": chain_id, "status": one.following.value, "dispute": code}


def _uptime_seconds(services: Services) -> int:
    return max(0, int(services.clock() - services.started_at))


async def _look(services: Services) -> Seen:
    try:
        async with pool.acquire(services.pool, is_urgent=True) as connection:
            checkpoints = await chains.load_checkpoints(connection)
    except Overloaded:
        return Seen(Database.BUSY)
    except Unavailable:
        return Seen(Database.UNAVAILABLE)
    return Seen(Database.OK, chains.follow_all(services.network, checkpoints, services.now))
