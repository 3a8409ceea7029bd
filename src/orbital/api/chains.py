"""The served chains and how closely they are followed: read from what the indexers wrote, no node is asked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import fastapi
from starlette.responses import Response

from orbital.api import answers, docs
from orbital.api.deps import Given, NoQuery, Public
from orbital.api.schemas import protocol as schemas
from orbital.chain import hexes
from orbital.domain.network import Chain, Network
from orbital.domain.types import ChainId, UnixSeconds
from orbital.storage import chains, pool
from orbital.storage.chains import Checkpoint, Dispute

LAG_SECONDS_MAX: Final = 30
"""Of the last indexed block behind the chain's head."""
HEAD_AGE_SECONDS_MAX: Final = 120
"""Of the head behind the host's clock: no block, or nobody who looks."""

router = fastapi.APIRouter(prefix="/api/v1", tags=["protocol"])


class Following(StrEnum):
    """How a chain is followed. `stopped`: a person must look."""

    OK = "ok"
    LAGGING = "lagging"
    STOPPED = "stopped"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Followed:
    """How a chain is, for its health. With a dispute answers are right, but nothing new is final."""

    following: Following
    dispute: Dispute | None = None

    @property
    def is_well(self) -> bool:
        return self.following is Following.OK and self.dispute is None


@router.get(
    "/chains",
    summary="The chains, their contracts and how far they are indexed",
    operation_id="list_chains",
    dependencies=[Public, NoQuery],
    responses=docs.answers(schemas.ShownChains, 200, 503),
)
async def list_chains(services: Given) -> Response:
    async with pool.acquire(services.pool) as connection:
        checkpoints = await load_checkpoints(connection)
    shown = [show(chain, checkpoints.get(chain.chain_id), services.now) for chain in services.network.chains.values()]
    return answers.json({"data": shown})


async def load_checkpoints(connection: pool.Connection) -> dict[ChainId, Checkpoint]:
    return {one.chain_id: one for one in await chains.list_checkpoints(connection)}


def following_of(checkpoint: Checkpoint | None, now: UnixSeconds) -> Following:
    """From the indexer's own word, and from how far it is behind. A chain that nobody ever indexed is unreachable."""
    if checkpoint is None:
        return Following.UNREACHABLE
    if checkpoint.status != Following.OK:
        return Following(checkpoint.status)
    heads = checkpoint.heads
    is_behind = heads is None or (lag_seconds(checkpoint) or 0) > LAG_SECONDS_MAX or checkpoint.timestamp is None
    is_old = heads is not None and now - heads.timestamp > HEAD_AGE_SECONDS_MAX
    return Following.LAGGING if is_behind or is_old else Following.OK


def follow_all(
    network: Network, checkpoints: Mapping[ChainId, Checkpoint], now: UnixSeconds
) -> dict[ChainId, Followed]:
    found = {chain_id: checkpoints.get(chain_id) for chain_id in network.chains}
    return {
        chain_id: Followed(following_of(one, now), None if one is None else one.dispute)
        for chain_id, one in found.items()
    }


def lag_seconds(checkpoint: Checkpoint) -> int | None:
    """Block time from the last indexed block to the head; None while one of them is unknown."""
    if checkpoint.heads is None or checkpoint.timestamp is None:
        return None
    return max(0, checkpoint.heads.timestamp - checkpoint.timestamp)


def show(chain: Chain, checkpoint: Checkpoint | None, now: UnixSeconds) -> dict[str, Any]:
    heads = checkpoint.heads if checkpoint else None
    number = checkpoint.number if checkpoint else None
    return {
        "chain_id": chain.chain_id,
        "name": chain.name,
        "settler": hexes.to_checksum(chain.settler),
        "mailbox": hexes.to_checksum(chain.mailbox),
        "pools": [hexes.to_checksum(one) for one in chain.pools],
        "head": heads.number if heads else None,
        "checkpoint": number,
        "safe": heads.safe if heads else None,
        "finalized": heads.finalized if heads else None,
        "verified": checkpoint.verified if checkpoint else None,
        "lag_blocks": None if heads is None or number is None else max(0, heads.number - number),
        "lag_seconds": lag_seconds(checkpoint) if checkpoint else None,
        "status": following_of(checkpoint, now).value,
        "progress": show_progress(checkpoint),
        "dispute": show_dispute(checkpoint),
    }


def show_progress(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """How fast the indexer catches up, and when it will have if the head stands still; None when it has."""
    if checkpoint is None or checkpoint.heads is None or checkpoint.number is None or not checkpoint.blocks_per_second:
        return None
    left = max(0, checkpoint.heads.number - checkpoint.number)
    rate = checkpoint.blocks_per_second
    return {"blocks_per_second": round(rate, 1), "eta_seconds": math.ceil(left / rate)}


def show_dispute(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """Why `verified` stands still below `finalized`; None when nodes agree."""
    if checkpoint is None or checkpoint.dispute is None:
        return None
    dispute = checkpoint.dispute
    return {"code": dispute.code, "block": dispute.number, "detail": dispute.detail}
