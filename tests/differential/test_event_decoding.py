"""Our event decoders against eth-abi's encoder and the contracts' own ABI, over random events."""

import json
import pathlib
import random
import typing

import eth_abi
import pytest

from orbital.chain import blocks, keccak
from orbital.chain.abi import codec
from orbital.chain.adapters import orbital, orbital_pool
from orbital.chain.adapters.malformed import MalformedLog
from orbital.domain import facts
from orbital.domain.types import BlockNumber, ChainId, Hash32, UnixSeconds

ROUNDS = 200
ABI_FOLDER = pathlib.Path(codec.__file__).parent
EMITTER = b"\xe0" * 20
# Events that say nothing the ledger needs.
NOT_FACTS = {"MessageIgnored"}


def _events() -> dict[str, dict[str, typing.Any]]:
    found = {}
    for contract in ("IntentSettler", "SolverRegistry", "LocalMailbox", "OrbitalPool"):
        abi = json.loads((ABI_FOLDER / f"{contract}.json").read_text())["abi"]
        found |= {entry["name"]: entry for entry in abi if entry["type"] == "event"}
    return found


EVENTS = _events()
POOL_EVENTS = {event.name for event in orbital_pool.EVENTS}


def _type(parameter: dict[str, typing.Any]) -> str:
    if parameter["type"] != "tuple":
        return parameter["type"]
    return f"({','.join(map(_type, parameter['components']))})"


def _value(rng: random.Random, parameter: dict[str, typing.Any]) -> typing.Any:
    kind = parameter["type"]
    if kind.endswith("[]"):
        element = parameter | {"type": kind.removesuffix("[]")}
        return tuple(_value(rng, element) for _ in range(rng.choice((0, 1, 2, 16))))
    if kind == "tuple":
        return tuple(_value(rng, component) for component in parameter["components"])
    if kind == "address":
        return rng.choice((bytes(20), b"\xff" * 20, rng.randbytes(20)))
    if kind == "bytes32":
        return rng.randbytes(32)
    if kind == "bytes":
        return rng.randbytes(rng.choice((0, 1, 31, 32, 33, 77, 237)))
    bits = 1 if kind == "bool" else int(kind.removeprefix("uint"))
    number = rng.choice((0, 1, 2**bits - 1, rng.getrandbits(bits)))
    return bool(number) if kind == "bool" else number


def _emit(rng: random.Random, entry: dict[str, typing.Any]) -> tuple[blocks.Log, dict[str, typing.Any]]:
    """Encode a random event as its contract would; for IntentOpened the indexed user is the intent's."""
    values = {parameter["name"]: _value(rng, parameter) for parameter in entry["inputs"]}
    if "intent" in values:
        values["user"] = values["intent"][0]
    indexed = [parameter for parameter in entry["inputs"] if parameter["indexed"]]
    others = [parameter for parameter in entry["inputs"] if not parameter["indexed"]]
    signature = f"{entry['name']}({','.join(map(_type, entry['inputs']))})"
    topics = [keccak.keccak256(signature.encode())]
    topics += [Hash32(eth_abi.encode([_type(item)], [values[item["name"]]])) for item in indexed]
    data = eth_abi.encode([_type(item) for item in others], [values[item["name"]] for item in others])
    return _log(topics, data), values


def _log(topics: list[Hash32], data: bytes) -> blocks.Log:
    block_hash, tx_hash = Hash32(b"\xb1" * 32), Hash32(b"\x7c" * 32)
    return blocks.Log(EMITTER, tuple(topics), data, BlockNumber(9), block_hash, tx_hash, 3)


def _flatten(value: typing.Any) -> list[typing.Any]:
    if isinstance(value, tuple):
        return [part for item in value for part in _flatten(item)]
    return [value]


def _told(fact: facts.Fact) -> list[typing.Any]:
    """Everything the fact says, in the order of its fields."""
    told = []
    for name in fact.event.__slots__:
        value = getattr(fact.event, name)
        told += [getattr(value, part) for part in value.__slots__] if name == "intent" else _flatten(value)
    return told


@pytest.mark.parametrize("name", sorted(set(EVENTS) - NOT_FACTS))
def test_facts_say_what_the_contract_encoded(name: str) -> None:
    rng = random.Random(name)
    for _ in range(ROUNDS):
        log, values = _emit(rng, EVENTS[name])
        fact = orbital.decode(ChainId(7), log, UnixSeconds(11))
        assert fact is not None
        assert fact.name == name
        assert fact.position == facts.Position(ChainId(7), BlockNumber(9), 3, log.block_hash, log.tx_hash)
        assert fact.timestamp == 11
        told = _told(fact) + [fact.intent_id] * (fact.intent_id is not None) + [EMITTER] * (name == "IntentFilled")
        wanted = [part for value in values.values() for part in _flatten(value)]
        wanted += [EMITTER] * (2 * (name == "IntentFilled") + (name in POOL_EVENTS))
        wanted.remove(values["user"]) if name == "IntentOpened" else None
        assert sorted(map(repr, told)) == sorted(map(repr, wanted))


@pytest.mark.parametrize("name", sorted(set(EVENTS) - NOT_FACTS))
def test_wrong_lengths_and_topic_counts_are_malformed(name: str) -> None:
    log, _ = _emit(random.Random(1), EVENTS[name])
    topics = list(log.topics)
    spoilt = [
        _log(topics, log.data + bytes(1)),
        _log(topics, log.data + bytes(32)),
        _log([*topics, Hash32(bytes(32))], log.data),
        _log(topics[:-1], log.data),
        _log(topics[:-1], topics[-1] + log.data),
        _log([*topics[:-1], Hash32(topics[-1][1:])], log.data),
    ]
    for bad in [one for one in spoilt if one.topics[:1] == log.topics[:1]]:  # another topic 0 is no event of ours
        with pytest.raises(MalformedLog) as caught:
            orbital.decode(ChainId(7), bad, UnixSeconds(11))
        assert caught.value.event == name
        assert caught.value.log is bad


@pytest.mark.parametrize("name", sorted(set(EVENTS) - NOT_FACTS))
def test_dirty_high_bits_are_malformed(name: str) -> None:
    entry = EVENTS[name]
    log, _ = _emit(random.Random(2), entry)
    indexed = [_type(item) for item in entry["inputs"] if item["indexed"]]
    others = [kind for item in entry["inputs"] if not item["indexed"] for kind in _type(item).strip("()").split(",")]
    zeros = {"address": 12, "uint64": 24, "uint32": 28}
    for place, kind in enumerate(indexed, start=1):
        for offset in {0, zeros.get(kind, 0) - 1} if kind in zeros else ():
            topics = list(log.topics)
            topics[place] = _spoil(topics[place], offset)
            _assert_malformed(_log(topics, log.data))
    for place, kind in enumerate(others):
        for offset in {0, zeros.get(kind, 0) - 1} if kind in zeros else ():
            _assert_malformed(_log(list(log.topics), _spoil(log.data, 32 * place + offset)))


def test_message_must_be_one_padded_byte_string() -> None:
    topics = [_emit(random.Random(3), EVENTS["Dispatch"])[0].topics[index] for index in range(4)]
    clean = eth_abi.encode(["bytes"], [b"\x01" * 33])
    assert orbital.decode(ChainId(7), _log(topics, clean), UnixSeconds(1)) is not None
    huge = clean[:32] + b"\xff" * 32 + clean[64:]
    for data in (clean[:-32], _spoil(clean, 0), _spoil(clean, len(clean) - 1), huge, bytes(64), b"", clean[:64]):
        _assert_malformed(_log(topics, data))


def test_user_topic_must_be_the_user_of_the_intent() -> None:
    log, _ = _emit(random.Random(4), EVENTS["IntentOpened"])
    topics = list(log.topics)
    topics[2] = Hash32(bytes(12) + b"\x55" * 20)
    _assert_malformed(_log(topics, log.data))


def test_every_event_of_the_contracts_is_a_fact_or_named_as_none() -> None:
    assert {event.name for event in orbital.EVENTS.values()} == set(EVENTS) - NOT_FACTS
    by_topic = {**codec.load("IntentSettler").events, **codec.load("SolverRegistry").events}
    by_topic |= codec.load("LocalMailbox").events | codec.load("OrbitalPool").events
    for topic, event in orbital.EVENTS.items():
        assert by_topic[topic] == event.name


def test_logs_of_others_are_no_facts() -> None:
    log, _ = _emit(random.Random(5), EVENTS["MessageIgnored"])
    assert orbital.decode(ChainId(7), log, UnixSeconds(1)) is None
    assert orbital.decode(ChainId(7), _log([], b""), UnixSeconds(1)) is None


def _spoil(data: bytes, offset: int) -> bytes:
    return data[:offset] + bytes((data[offset] ^ 1,)) + data[offset + 1 :]


def _assert_malformed(log: blocks.Log) -> None:
    with pytest.raises(MalformedLog):
        orbital.decode(ChainId(7), log, UnixSeconds(11))
