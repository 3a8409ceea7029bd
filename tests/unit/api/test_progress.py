"""What `/api/v1/chains` says of catching up, and of what keeps blocks from being final."""

import dataclasses

from orbital.api import chains, health
from orbital.api.chains import show_progress
from orbital.domain.network import Chain
from orbital.domain.types import Address, BlockNumber, ChainId, Hash32, UnixSeconds
from orbital.storage.chains import Checkpoint, Dispute, Heads

BEHIND = Checkpoint(
    ChainId(1),
    Hash32(bytes(32)),
    BlockNumber(0),
    BlockNumber(100),
    Hash32(bytes(32)),
    UnixSeconds(1),
    Heads(BlockNumber(1_100), UnixSeconds(9), None, None),
    None,
    "ok",
    None,
    blocks_per_second=400.0,
)

ZERO = Address(bytes(20))
CHAIN = Chain(ChainId(1), "ethereum", 1, ZERO, ZERO, BlockNumber(0), "safe", 600, ())


def test_the_rest_at_this_rate() -> None:
    assert show_progress(BEHIND) == {"blocks_per_second": 400.0, "eta_seconds": 3}


def test_who_follows_has_no_progress() -> None:
    assert show_progress(None) is None
    assert show_progress(dataclasses.replace(BEHIND, blocks_per_second=None)) is None
    assert show_progress(dataclasses.replace(BEHIND, heads=None)) is None


def test_a_dispute_is_told_and_degrades_health() -> None:
    disputed = dataclasses.replace(
        BEHIND, verified=BlockNumber(40), dispute=Dispute("nodes_disagree", BlockNumber(41), "They differ.")
    )
    shown = chains.show(CHAIN, disputed, UnixSeconds(9))
    assert shown["verified"] == 40
    assert shown["dispute"] == {"code": "nodes_disagree", "block": 41, "detail": "They differ."}
    assert chains.show(CHAIN, BEHIND, UnixSeconds(9))["dispute"] is None
    well = chains.Followed(chains.Following.OK)
    held = chains.Followed(chains.Following.OK, disputed.dispute)
    good, bad = ({ChainId(1): well, **more} for more in ({}, {ChainId(2): held}))
    judged = [health.judge(health.Seen(health.Database.OK, one), is_redis_connected=True).value for one in (good, bad)]
    assert judged == ["healthy", "degraded"]


def test_a_database_that_is_busy_degrades_health_and_one_that_is_away_ends_it() -> None:
    told = {
        database.value: health.judge(health.Seen(database), is_redis_connected=True).value
        for database in health.Database
    }
    assert told == {"ok": "healthy", "busy": "degraded", "unavailable": "unhealthy"}
