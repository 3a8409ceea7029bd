"""Event data of any signature is read as eth-abi encoded it."""

import typing

import eth_abi
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital.chain.adapters import layout
from orbital.chain.blocks import Log
from orbital.domain.types import Address, BlockNumber, Hash32

WORDS = ("address", "bytes32", "bool", "uint8", "uint24", "uint32", "uint64", "uint128", "uint256")

words = st.sampled_from(WORDS)
arrays = words.map(lambda kind: f"{kind}[]")
inner = st.lists(words | arrays | st.just("bytes"), min_size=1, max_size=4).map(lambda kinds: f"({','.join(kinds)})")
fields = st.lists(words | arrays | st.just("bytes") | inner, max_size=6)


def values_of(kind: str) -> st.SearchStrategy[typing.Any]:
    if kind.startswith("("):
        return st.tuples(*map(values_of, kind[1:-1].split(",")))
    if kind.endswith("[]"):
        return st.lists(values_of(kind[:-2]), max_size=4).map(tuple)
    if kind.startswith("uint"):
        return st.integers(0, 2 ** int(kind[4:]) - 1) | st.sampled_from([0, 2 ** int(kind[4:]) - 1])
    sizes = {"address": st.binary(min_size=20, max_size=20), "bytes32": st.binary(min_size=32, max_size=32)}
    return {**sizes, "bytes": st.binary(max_size=70), "bool": st.booleans()}[kind]


def told(kind: str, value: typing.Any) -> list[typing.Any]:
    """What the reader says of a value: words of more than 64 bits as bytes, tuples of words flattened."""
    if kind.startswith("("):
        kinds = kind[1:-1].split(",")
        parts = [part for one, item in zip(kinds, value, strict=True) for part in told(one, item)]
        return parts if all(one in WORDS for one in kinds) else [tuple(parts)]
    if kind.endswith("[]"):
        return [tuple(part for item in value for part in told(kind[:-2], item))]
    return [value.to_bytes(32) if kind in {"uint128", "uint256"} else value]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), indexed=st.lists(words, max_size=3), others=fields)
def test_any_signature_is_read_as_it_was_encoded(data: st.DataObject, indexed: list[str], others: list[str]) -> None:
    topics = [data.draw(values_of(kind)) for kind in indexed]
    values = [data.draw(values_of(kind)) for kind in others]
    signature = ",".join([f"{kind}*" for kind in indexed] + others)
    canonical, read = layout.compile_reader("Event", signature)
    encoded = [Hash32(eth_abi.encode([kind], [value])) for kind, value in zip(indexed, topics, strict=True)]
    body = eth_abi.encode(others, values)
    hash_ = Hash32(bytes(32))
    log = Log(Address(bytes(20)), (hash_, *encoded), body, BlockNumber(1), hash_, hash_, 0)
    pairs = [*zip(indexed, topics, strict=True), *zip(others, values, strict=True)]
    assert list(read(log)) == [part for kind, value in pairs for part in told(kind, value)]
    assert canonical == f"Event({','.join([*indexed, *others])})"
