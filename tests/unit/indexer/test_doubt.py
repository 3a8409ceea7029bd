from collections.abc import Sequence

import msgspec
import pytest

from orbital.chain import blooms
from orbital.chain.blocks import Header, Log
from orbital.domain.types import Address, BlockNumber, Hash32, UnixSeconds
from orbital.indexer import doubt
from orbital.indexer.doubt import Asked, Kind

OURS = Address(b"\xa1" * 20)
THEIRS = Address(b"\xb2" * 20)
EVENT = Hash32(b"\xe1" * 32)
OTHER_EVENT = Hash32(b"\xe2" * 32)
ASKED = Asked([OURS], [EVENT])
ANY = Asked([], [])


def _check(headers, logs, asked):
    return [one for found in doubt.check_logs(headers, logs, asked) for one in found]


def _hash(number: int) -> Hash32:
    return Hash32(number.to_bytes(32))


def _header(number: int, *items: bytes) -> Header:
    bits = 0
    for item in items:
        bits |= blooms.mask_of(item)
    bloom = bits.to_bytes(blooms.BLOOM_BYTES)
    return Header(BlockNumber(number), _hash(number), _hash(number - 1), UnixSeconds(number), bloom)


def _log(number: int, index: int, address: Address = OURS, event: Hash32 = EVENT) -> Log:
    return Log(address, (event,), b"", BlockNumber(number), _hash(number), _hash(99), index)


def _kinds(headers: Sequence[Header], logs: Sequence[Log], asked: Asked = ASKED) -> list[tuple[Kind, int]]:
    return [(one.kind, one.block) for one in _check(headers, logs, asked)]


def test_what_fits_is_not_doubted() -> None:
    headers = [_header(5, OURS, EVENT), _header(6), _header(7, OURS, EVENT, THEIRS)]
    assert doubt.check_links(headers) == []
    assert _kinds(headers, [_log(5, 0), _log(5, 3), _log(7, 1)]) == []


def test_silence_against_the_bloom_is_a_suspicion() -> None:
    (found,) = _check([_header(5, OURS, EVENT), _header(6)], [], ASKED)
    assert (found.kind, found.block, found.is_contradiction) == (Kind.BLOOM_WITHOUT_LOG, 5, False)


@pytest.mark.parametrize("items", [(OURS,), (EVENT,), (THEIRS, EVENT), (OURS, OTHER_EVENT)])
def test_a_bloom_without_address_or_event_is_silent_by_right(items: tuple[bytes, ...]) -> None:
    assert _kinds([_header(5, *items)], []) == []


def test_a_log_outside_the_bloom_contradicts_the_header() -> None:
    (found,) = _check([_header(5, THEIRS)], [_log(5, 0)], ASKED)
    assert (found.kind, found.is_contradiction) == (Kind.LOG_OUTSIDE_BLOOM, True)


def test_logs_under_an_empty_bloom_are_a_suspicion_once_a_block() -> None:
    (found,) = _check([_header(5)], [_log(5, 0), _log(5, 1)], ASKED)
    assert (found.kind, found.block, found.is_contradiction) == (Kind.EMPTY_BLOOM, 5, False)


def test_a_log_of_another_block_is_foreign() -> None:
    assert _kinds([_header(5)], [_log(6, 0)]) == [(Kind.FOREIGN_LOG, 6)]


def test_a_log_with_the_hash_of_another_height_has_a_wrong_number() -> None:
    log = msgspec.structs.replace(_log(5, 0), block_number=BlockNumber(6))
    assert _kinds([_header(5, OURS, EVENT)], [log]) == [(Kind.WRONG_NUMBER, 5)]


@pytest.mark.parametrize("log", [_log(5, 0, THEIRS), _log(5, 0, OURS, OTHER_EVENT)])
def test_a_log_that_was_not_asked_for_is_named(log: Log) -> None:
    assert _kinds([_header(5, OURS, THEIRS, EVENT, OTHER_EVENT)], [log]) == [(Kind.UNASKED_LOG, 5)]


def test_an_index_that_comes_twice_is_named_once() -> None:
    assert _kinds([_header(5, OURS, EVENT)], [_log(5, 2), _log(5, 2)]) == [(Kind.DUPLICATE_INDEX, 5)]


def test_a_gap_is_seen_when_all_logs_were_asked() -> None:
    headers = [_header(5, OURS, EVENT)]
    assert _kinds(headers, [_log(5, 0), _log(5, 2)], ANY) == [(Kind.INDEX_GAP, 5)]
    assert _kinds(headers, [_log(5, 1)], ANY) == [(Kind.INDEX_GAP, 5)]
    assert _kinds(headers, [_log(5, 1), _log(5, 0)], ANY) == []


def test_headers_that_are_not_linked_are_named_at_the_child() -> None:
    stranger = msgspec.structs.replace(_header(6), parent_hash=_hash(77))
    assert [(one.kind, one.block) for one in doubt.check_links([_header(5), stranger])] == [(Kind.UNLINKED, 6)]
    assert [(one.kind, one.block) for one in doubt.check_links([_header(5), _header(7)])] == [(Kind.UNLINKED, 7)]


@pytest.mark.parametrize(
    ("header", "block_hash", "kinds"),
    [
        (_header(5), None, []),
        (_header(5), _hash(5), []),
        (None, None, [Kind.MISSING_HEADER]),
        (_header(6), None, [Kind.WRONG_NUMBER]),
        (_header(5), _hash(6), [Kind.WRONG_HASH]),
    ],
)
def test_a_header_is_the_one_that_was_asked(
    header: Header | None, block_hash: Hash32 | None, kinds: list[Kind]
) -> None:
    assert [one.kind for one in doubt.check_header(header, BlockNumber(5), block_hash)] == kinds
