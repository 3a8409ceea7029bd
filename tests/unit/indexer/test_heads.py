"""What is safe and final follows from the tags, or from depth alone."""

import pytest

from orbital.chain.blocks import Header, Heads
from orbital.domain.types import BlockNumber, Hash32, UnixSeconds
from orbital.indexer import heads


def _header(number: int) -> Header:
    return Header(BlockNumber(number), Hash32(bytes(32)), Hash32(bytes(32)), UnixSeconds(7), b"")


def _read(latest: int, safe: int | None, final: int | None, confirmations: int | None = None) -> tuple[int | None, ...]:
    tags = (None if tag is None else _header(tag) for tag in (safe, final))
    found = heads.read(Heads(_header(latest), *tags), confirmations)
    return found.number, found.timestamp, found.safe, found.finalized


def test_tags_are_taken_as_they_are() -> None:
    assert _read(100, 90, 80) == (100, 7, 90, 80)


@pytest.mark.parametrize("tag", [0, 101, None])
def test_a_tag_that_reads_zero_or_is_above_the_head_says_nothing(tag: int | None) -> None:
    assert _read(100, tag, tag) == (100, 7, None, None)


def test_depth_replaces_the_tags() -> None:
    assert _read(100, 99, 98, confirmations=12) == (100, 7, 88, 88)
    assert _read(100, None, None, confirmations=12) == (100, 7, 88, 88)


def test_a_chain_shorter_than_its_confirmations_has_nothing_final() -> None:
    assert _read(12, 5, 5, confirmations=12) == (12, 7, None, None)
