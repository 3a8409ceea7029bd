import random

import rlp as oracle

from orbital.chain import rlp


def _item(rng: random.Random, depth: int) -> rlp.Item:
    kind = rng.randrange(3 if depth else 2)
    if kind == 0:
        return rng.randbytes(rng.choice((0, 1, 2, 32, 54, 55, 56, 57, 255, 256, 300)))
    if kind == 1:
        return rng.choice((0, 1, 127, 128, 255, 256, 2**64, 2**256 - 1))
    return [_item(rng, depth - 1) for _ in range(rng.randint(0, 6))]


def test_encoding_equals_that_of_pyrlp() -> None:
    rng = random.Random(5)
    for _ in range(500):
        item = _item(rng, 3)
        assert rlp.encode(item) == oracle.encode(item)


def test_examples_of_the_specification() -> None:
    assert rlp.encode(b"dog") == b"\x83dog"
    assert rlp.encode([b"cat", b"dog"]) == b"\xc8\x83cat\x83dog"
    assert rlp.encode(b"") == rlp.encode(0) == b"\x80"
    assert rlp.encode([]) == b"\xc0"
    assert rlp.encode(15) == b"\x0f"
    assert rlp.encode([[], [[]], [[], [[]]]]) == bytes.fromhex("c7c0c1c0c3c0c1c0")
