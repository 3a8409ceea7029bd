"""How many blocks are asked for at once follows from what came back."""

from orbital.indexer.backfill import Ranges
from orbital.indexer.settings import IndexerSettings

SETTINGS = IndexerSettings(batch_blocks=100, batch_blocks_max=1_000, batch_logs=5_000)


def test_a_refused_range_shrinks_at_once_to_what_the_node_took() -> None:
    ranges = Ranges(SETTINGS)
    ranges.learn(100, 10, largest=12)
    assert ranges.blocks == 12


def test_a_range_too_full_shrinks_to_the_wanted_number_of_logs() -> None:
    ranges = Ranges(SETTINGS)
    ranges.learn(100, 20_000, largest=100)
    assert ranges.blocks == 25


def test_one_block_is_asked_for_however_full_it_is() -> None:
    ranges = Ranges(SETTINGS)
    ranges.learn(1, 1_000_000, largest=1)
    assert ranges.blocks == 1


def test_an_empty_stretch_grows_slowly_up_to_the_limit() -> None:
    ranges = Ranges(SETTINGS)
    seen = []
    for _ in range(10):
        ranges.learn(ranges.blocks, 0, largest=ranges.blocks)
        seen.append(ranges.blocks)
    assert seen[0] == 151
    assert seen == sorted(seen)
    assert seen[-1] == 1_000


def test_a_short_range_at_the_head_says_nothing() -> None:
    ranges = Ranges(SETTINGS)
    ranges.learn(3, 0, largest=3)
    assert ranges.blocks == 100
