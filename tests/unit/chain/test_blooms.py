from orbital.chain import blooms
from orbital.domain.types import Address

WORDS = (b"testtest", b"test", b"hallo", b"other")
ABSENT = (b"tes", b"lo")


def _bloom(*items: bytes) -> bytes:
    bits = 0
    for item in items:
        bits |= blooms.mask_of(item)
    return bits.to_bytes(blooms.BLOOM_BYTES)


def test_an_item_sets_at_most_three_bits_where_the_yellow_paper_says() -> None:
    # keccak256("") = c5d2 4601 86f7 ...: 0xc5d2 % 2048, 0x4601 % 2048, 0x86f7 % 2048
    assert blooms.mask_of(b"") == 1 << 0x5D2 | 1 << 0x601 | 1 << 0x6F7


def test_what_was_added_is_held_and_what_was_not_is_absent() -> None:
    bloom = _bloom(*WORDS)
    assert all(blooms.may_hold(bloom, blooms.mask_of(word)) for word in WORDS)
    assert not any(blooms.may_hold(bloom, blooms.mask_of(word)) for word in ABSENT)


def test_an_empty_bloom_holds_nothing() -> None:
    empty = bytes(blooms.BLOOM_BYTES)
    assert not blooms.may_hold_any(empty, ())
    assert not blooms.may_hold_any(empty, [blooms.mask_of(Address(b"\x01" * 20))])


def test_without_masks_any_log_is_meant() -> None:
    assert blooms.may_hold_any(_bloom(b"test"), ())
