"""The contract at `/openapi.json`: complete in itself, and every operation says its errors and its security."""

import json

import pytest


@pytest.fixture
async def contract(api):
    return (await api.client.get("/openapi.json")).json()


def operations(contract):
    return [(path, method, one) for path, methods in contract["paths"].items() for method, one in methods.items()]


async def test_every_reference_leads_somewhere(contract):
    text = json.dumps(contract)
    assert '"#/$defs' not in text
    for reference in {part.split('"')[0] for part in text.split('"$ref": "')[1:]}:
        place = contract
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


async def test_every_operation_says_who_may_call_it(contract):
    silent = [(path, method) for path, method, one in operations(contract) if "security" not in one]
    assert contract["openapi"].startswith("3.1")
    assert silent == []


async def test_health_has_one_shape(api):
    full, ready, live = [(await api.client.get(path)).json() for path in ("/health", "/health/ready", "/health/live")]
    assert set(full) == set(ready) == {"status", "version", "uptime_seconds", "database", "redis", "chains"}
    assert set(live) == {"status", "version", "uptime_seconds"}
    assert live["status"] == "healthy"
