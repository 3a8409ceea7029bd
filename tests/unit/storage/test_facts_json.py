"""Events of pools keep every integer through the ledger's JSON, however large, and their lists as lists."""

import json

import pytest

from orbital.domain import pool_facts as p
from orbital.domain.types import UINT256_MAX, Address
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


def test_big_numbers_are_decimal_strings_and_small_ones_numbers() -> None:
    assert facts_json.encode(p.LiquidityAdded(POOL, WHO, 2, 2**119, (UINT256_MAX, 0))) == {
        "pool": "0x" + "01" * 20,
        "provider": "0x" + "fe" * 20,
        "tick_id": 2,
        "radius": str(2**119),
        "amounts": [str(UINT256_MAX), "0"],
    }
