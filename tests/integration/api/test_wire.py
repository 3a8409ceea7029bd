"""Conventions that hold for every operation: errors as problems, methods, ids, request ids, headers, the contract."""

import asyncio
import dataclasses
import uuid

import fastapi
import pytest

from orbital.api import asgi
from orbital.api.schemas import protocol as schemas
from orbital.chain import hexes

UNKNOWN = "0x" + "ab" * 32


def operations() -> list[tuple[str, str]]:
    """Every (method, path) with placeholders filled in."""
    found = []
    for router in asgi.ROUTERS:
        for route in router.routes:
            path = route.path.replace("{intent_id}", UNKNOWN).replace("{address}", "0x" + "11" * 20)
            found += [(method, path) for method in sorted(route.methods)]
    return found


async def test_every_operation_refuses_unknown_query_parameters(api):
    headers = await api.login(await api.bonded_solver())
    for method, path in operations():
        answer = await api.client.request(method, f"{path}?surprise=1", headers=headers, json={})
        assert answer.status_code in ({404, 422} if "0x11" in path else {422}), (method, path, answer.text)


async def test_every_operation_survives_every_method(api):
    for path in sorted({path for _, path in operations()}):
        routes = [route for router in asgi.ROUTERS for route in router.routes if route.path_regex.match(path)]
        methods = {method for route in routes for method in route.methods}  # `register` might be an address, too
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - methods:
            answer = await api.client.request(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.json()["code"] == "method_not_allowed"
            allowed = {one.strip() for one in answer.headers["allow"].split(",")}
            assert methods <= allowed


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/intents/1",
        "/api/v1/intents/0x1234",
        f"/api/v1/intents/{UNKNOWN}",
        f"/api/v1/intents/{UNKNOWN}00",
        f"/api/v1/intents/{UNKNOWN}/status",
        f"/api/v1/intents/{UNKNOWN}/events",
        f"/api/v1/intents/{UNKNOWN}/auction",
        "/api/v1/intents/%00",
        "/api/v1/intents/..%2f",
        "/api/v1/intents/",
        "/api/v2",
        "/",
    ],
)
async def test_unknown_and_malformed_ids_and_paths_are_404(api, path):
    answer = await api.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-type"] == "application/problem+json"


async def test_request_id_is_taken_and_returned(api):
    answer = await api.client.get("/nowhere", headers={"x-request-id": "me.1-2_3"})
    assert answer.headers["x-request-id"] == "me.1-2_3"
    assert answer.json()["request_id"] == "me.1-2_3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<script>"])
async def test_bad_request_id_is_replaced(api, given):
    answer = await api.client.get("/health/live", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] not in {given, ""}


async def test_answers_have_security_headers(api):
    for path in ("/health/live", "/nowhere", "/openapi.json"):
        answer = await api.client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"


async def test_private_operations_ask_for_a_login(api):
    for method, path in operations():
        if path.endswith(("/bids", "/cancel", "/award", "/awards", "/pending")) or (method, path) == (
            "GET",
            "/api/v1/intents",
        ):
            answer = await api.client.request(method, path, json={})
            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), path
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_openapi_describes_every_operation(api):
    answer = await api.client.get("/openapi.json")
    contract = answer.json()
    assert contract["openapi"].startswith("3.1")
    described = {(method.upper(), path) for path, methods in contract["paths"].items() for method in methods}
    assert described == {
        (method, route.path) for router in asgi.ROUTERS for route in router.routes for method in route.methods
    }
    body = contract["paths"]["/api/v1/intents"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["schema"]["properties"]["intent"]["properties"]) == set(body["example"]["intent"])
    assert contract["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_protocol_tokens_and_chains_show_the_deployment(api):
    protocol = (await api.client.get("/api/v1/protocol")).json()
    schemas.ShownProtocol.model_validate(protocol)
    assert protocol["auctioneer"] == hexes.to_checksum(api.network.auctioneer)
    assert set(protocol["types"]) == {"EIP712Domain", "Intent", "Bid", "Award", "SolverRegistration"}
    tokens = (await api.client.get("/api/v1/tokens")).json()
    schemas.ShownTokens.model_validate(tokens)
    assert {(one["chain_id"], one["symbol"]) for one in tokens["data"]} >= {(31337, "USDC"), (31338, "DAI")}
    chains = (await api.client.get("/api/v1/chains")).json()
    schemas.ShownChains.model_validate(chains)
    assert {one["status"] for one in chains["data"]} == {"unreachable"}


async def follow(api, chain_id: int, head: int, checkpoint: int, age: int = 0) -> None:
    """What an indexer says of a chain with a block a second."""
    now = int(api.now()) - age
    sql = (
        "INSERT INTO checkpoints (chain_id, genesis_hash, start_block, number, hash, timestamp, head_number,"
        " head_timestamp, safe_number, finalized_number) VALUES ($1, $2, 0, $3, $2, $4, $5, $6, $3, $3)"
        " ON CONFLICT (chain_id) DO UPDATE SET number = $3, timestamp = $4, head_number = $5, head_timestamp = $6"
    )
    await api.execute(sql, chain_id, b"\1" * 32, checkpoint, now - (head - checkpoint), head, now)


async def test_chain_status_follows_from_what_the_indexer_wrote(api):
    await follow(api, 31337, 100, 99)
    await follow(api, 31338, 100, 10)
    shown = {one["chain_id"]: one for one in (await api.client.get("/api/v1/chains")).json()["data"]}
    assert (shown[31337]["status"], shown[31337]["lag_blocks"], shown[31337]["lag_seconds"]) == ("ok", 1, 1)
    assert (shown[31338]["status"], shown[31338]["lag_blocks"]) == ("lagging", 90)
    await follow(api, 31338, 100, 100, age=1000)
    await api.execute("UPDATE checkpoints SET status = 'stopped' WHERE chain_id = 31337")
    shown = {one["chain_id"]: one["status"] for one in (await api.client.get("/api/v1/chains")).json()["data"]}
    assert shown == {31337: "stopped", 31338: "lagging"}


async def test_health_is_healthy_then_degraded_then_unhealthy(api):
    async with asyncio.timeout(10):
        await api.hub.wait_connected()
    await follow(api, 31337, 100, 100)
    await follow(api, 31338, 100, 100)
    answer = await api.client.get("/health")
    schemas.ShownHealth.model_validate(answer.json())
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")
    await api.execute("UPDATE checkpoints SET status = 'unreachable' WHERE chain_id = 31338")
    answer = await api.client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    await api.execute("UPDATE checkpoints SET status = 'stopped' WHERE chain_id = 31338")
    answer = await api.client.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert (await api.client.get("/health/ready")).status_code == 200
    assert (await api.client.get("/health/live")).status_code == 200


async def test_database_away_is_503_with_retry_after_and_alive(api):
    name = api.database.driver.get_size() and await api.count("SELECT 1")
    assert name == 1
    api.database.terminate()
    for path in (f"/api/v1/intents/{UNKNOWN}", "/api/v1/chains"):
        answer = await api.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
    assert (await api.client.get("/health")).status_code == 503
    assert (await api.client.get("/health/ready")).status_code == 503
    assert (await api.client.get("/health/live")).status_code == 200


async def test_figures_are_for_the_bearer_of_the_metrics_token_when_one_is_set(api):
    assert "orbital_http_request_seconds" in (await api.client.get("/metrics")).text
    token = uuid.uuid4().hex
    api.app.state.services = dataclasses.replace(
        api.app.state.services, settings=dataclasses.replace(api.settings, metrics_token=token)
    )
    assert (await api.client.get("/metrics")).status_code == 401
    assert (await api.client.get("/metrics", headers={"authorization": b"Bearer \xe9"})).status_code == 401
    assert (await api.client.get("/metrics", headers={"authorization": f"Bearer {token}"})).status_code == 200


async def test_figures_name_routes_and_never_paths(api):
    await api.client.get(f"/api/v1/intents/{UNKNOWN}")
    await api.client.get(f"/api/v1/intents/{UNKNOWN}/status")
    await api.client.get("/nowhere/at/all")
    text = (await api.client.get("/metrics")).text
    assert 'route="/api/v1/intents/{intent_id}"' in text
    assert 'route="/api/v1/intents/{intent_id}/status"' in text
    assert "nowhere" not in text
    assert UNKNOWN not in text


async def test_bug_is_a_problem_with_the_request_id_and_no_trace(api):
    async def broken() -> None:
        raise ZeroDivisionError("secret detail")

    app: fastapi.FastAPI = api.app
    app.add_api_route("/broken", broken)
    answer = await api.client.get("/broken", headers={"x-request-id": "r1"})
    assert (answer.status_code, answer.json()["code"], answer.json()["request_id"]) == (500, "internal", "r1")
    assert "secret" not in answer.text
