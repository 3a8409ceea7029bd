"""Events of pools keep every integer through the ledger's JSON, however large, and their lists as lists."""

import dataclasses
import enum
import json
import typing

import pytest

from orbital.domain import pool_facts as p
from orbital.domain.types import UINT256_MAX, Address, Amount
from orbital.storage import facts_json

POOL, WHO = Address(b"\x01" * 20), Address(b"\xfe" * 20)
EVENTS = (
    p.PoolCreated(POOL, (WHO, POOL), (18, 6), 300),
    p.TickCreated(POOL, 31, UINT256_MAX),
    p.TickCrossed(POOL, 0, interior=False),
    p.LiquidityAdded(POOL, WHO, 2, 2**119, (UINT256_MAX, 0)),
    p.LiquidityRemoved(POOL, WHO, 2, 1, (1, 2**53 + 1)),
    p.FeesCollected(POOL, WHO, 2, (0, 2**200)),
    p.Swap(POOL, WHO, 0, 15, UINT256_MAX, 2**54 + 1, 3, POOL),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_pool_events_come_back_from_json_as_they_were(event: p.PoolEvent) -> None:
    told = json.loads(json.dumps(facts_json.encode(event)))
    assert facts_json.decode(type(event).__name__, told) == event


@pytest.mark.parametrize("kind", facts_json.EVENTS.values(), ids=lambda kind: kind.__name__)
def test_the_text_of_an_event_is_that_of_its_values(kind: type) -> None:
    event = _make(kind)
    assert json.loads(facts_json.dumps(event)) == facts_json.encode(event)
    assert facts_json.decode(kind.__name__, json.loads(facts_json.dumps(event))) == event


def _make(kind: typing.Any) -> typing.Any:
    """An event whose every field is as wide as its type."""
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _value(hints[field.name]) for field in dataclasses.fields(kind)})


def _value(kind: typing.Any) -> typing.Any:
    if typing.get_origin(kind) is tuple:
        return (_value(typing.get_args(kind)[0]),) * 2
    if dataclasses.is_dataclass(kind):
        return _make(kind)
    base = getattr(kind, "__supertype__", kind)
    if issubclass(base, enum.Enum):
        return list(base)[-1]
    if kind is Amount:
        return UINT256_MAX
    return {bytes: b"\xfe" * 20, int: 2**53 - 1, bool: True, str: 'a "word"\\'}[base]


def test_big_numbers_are_decimal_strings_and_small_ones_numbers() -> None:
    assert facts_json.encode(p.LiquidityAdded(POOL, WHO, 2, 2**119, (UINT256_MAX, 0))) == {
        "pool": "0x" + "01" * 20,
        "provider": "0x" + "fe" * 20,
        "tick_id": 2,
        "radius": str(2**119),
        "amounts": [str(UINT256_MAX), "0"],
    }
