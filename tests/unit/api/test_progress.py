"""What `/api/v1/chains` says of catching up."""

import dataclasses

from orbital.api.chains import show_progress
from orbital.domain.types import BlockNumber, ChainId, Hash32, UnixSeconds
from orbital.storage.chains import Checkpoint, Heads

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


def test_the_rest_at_this_rate() -> None:
    assert show_progress(BEHIND) == {"blocks_per_second": 400.0, "eta_seconds": 3}


def test_who_follows_has_no_progress() -> None:
    assert show_progress(None) is None
    assert show_progress(dataclasses.replace(BEHIND, blocks_per_second=None)) is None
    assert show_progress(dataclasses.replace(BEHIND, heads=None)) is None
