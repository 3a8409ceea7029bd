"""Who may call what: every role against every operation of the contract, and nothing is open by oversight."""

import fastapi
import pytest
from starlette import routing

from orbital.api import access, deps
from orbital.chain import keys

UNKNOWN = "0x" + "ab" * 32
ADDRESS = "0x" + "11" * 20
EVERYBODY, LOGGED_IN, SOLVERS, ADMINS, NONE = "anonymous user solver admin", "user solver admin", "solver", "admin", ""
FOR = {
    "POST /api/v1/intents": EVERYBODY,
    "GET /api/v1/intents": LOGGED_IN,
    "GET /api/v1/intents/pending": SOLVERS,
    "GET /api/v1/intents/{intent_id}": EVERYBODY,
    "GET /api/v1/intents/{intent_id}/status": EVERYBODY,
    "GET /api/v1/intents/{intent_id}/events": EVERYBODY,
    "GET /api/v1/intents/{intent_id}/auction": EVERYBODY,
    "GET /api/v1/intents/{intent_id}/award": LOGGED_IN,
    "POST /api/v1/intents/{intent_id}/cancel": LOGGED_IN,
    "POST /api/v1/intents/{intent_id}/bids": SOLVERS,
    "GET /api/v1/solver/{address}/awards": LOGGED_IN,
    "GET /api/v1/solver/leaderboard": EVERYBODY,
    "GET /api/v1/solver/{address}/performance": EVERYBODY,
    "POST /api/v1/solver/register": EVERYBODY,
    "GET /api/v1/solver": EVERYBODY,
    "GET /api/v1/solver/{address}": EVERYBODY,
    "PUT /api/v1/solver/{address}/update": NONE,
    "POST /api/v1/solver/{address}/suspend": ADMINS,
    "POST /api/v1/solver/{address}/reinstate": ADMINS,
    "POST /api/v1/auth/challenge": EVERYBODY,
    "POST /api/v1/auth/login": EVERYBODY,
    "POST /api/v1/auth/refresh": EVERYBODY,
    "POST /api/v1/auth/logout": LOGGED_IN,
    "GET /api/v1/auth/profile": LOGGED_IN,
    "GET /api/v1/protocol": EVERYBODY,
    "GET /api/v1/tokens": EVERYBODY,
    "GET /api/v1/chains": EVERYBODY,
    "POST /api/v1/quotes": EVERYBODY,
    "GET /api/v1/pools": EVERYBODY,
    "GET /api/v1/pools/{chain_id}/{address}": EVERYBODY,
    "GET /health": EVERYBODY,
    "GET /health/ready": EVERYBODY,
    "GET /health/live": EVERYBODY,
    "GET /metrics": EVERYBODY,
}
"""Written by hand from the product's description. Who gets through may still find nothing or say it wrong.

Nobody here is the solver whose profile would be changed.
"""

NOT_FOUND = {
    "GET /api/v1/intents/{intent_id}",
    "GET /api/v1/intents/{intent_id}/status",
    "GET /api/v1/intents/{intent_id}/events",
    "GET /api/v1/intents/{intent_id}/auction",
    "GET /api/v1/intents/{intent_id}/award",
    "POST /api/v1/intents/{intent_id}/cancel",
    "GET /api/v1/solver/{address}/awards",
    "GET /api/v1/solver/{address}/performance",
    "GET /api/v1/solver/{address}",
    "GET /api/v1/pools/{chain_id}/{address}",
}
"""What is another's, or is not there, is not found; the same for all who get through."""


async def operations(api) -> dict[str, dict]:
    contract = (await api.client.get("/openapi.json")).json()
    return {
        f"{method.upper()} {path}": described
        for path, methods in contract["paths"].items()
        for method, described in methods.items()
    }


async def test_every_role_gets_exactly_what_is_for_it(api):
    assert set(await operations(api)) == set(FOR)
    people = {"user": keys.generate_signer(), "solver": await api.bonded_solver(), "admin": api.admin}
    found = {}
    for operation in FOR:
        method, path = operation.format(intent_id=UNKNOWN, address=ADDRESS, chain_id=31337).split()
        for role in EVERYBODY.split():
            headers = {} if role == "anonymous" else await api.login(people[role])
            body = {} if method == "POST" and not path.endswith(("/cancel", "/logout")) else None
            answer = await api.client.request(method, path, headers=headers, json=body)
            found[operation, role] = answer.status_code if answer.status_code in {401, 403, 404} else "in"
    assert found == {(operation, role): expected(operation, role) for operation in FOR for role in EVERYBODY.split()}


def expected(operation: str, role: str) -> int | str:
    if role not in FOR[operation].split():
        return 401 if role == "anonymous" else 403
    return 404 if operation in NOT_FOUND else "in"


async def test_contract_says_who_needs_a_token(api):
    for operation, described in (await operations(api)).items():
        wanted = [{}, *access.BEARER] if operation == "GET /metrics" else access.BEARER
        is_open = FOR[operation] == EVERYBODY and operation != "GET /metrics"
        assert described["security"] == ([] if is_open else wanted), operation


@pytest.mark.parametrize(
    "route",
    [
        fastapi.routing.APIRoute("/silent", lambda: None),
        fastapi.routing.APIRoute(
            "/contradicting", lambda: None, dependencies=[deps.Public, fastapi.Depends(deps.get_admin)]
        ),
        routing.Route("/plain", lambda _: None),
        fastapi.routing.APIWebSocketRoute("/socket", lambda: None),
    ],
)
def test_route_that_does_not_say_who_may_call_it_stops_the_start(route):
    with pytest.raises(RuntimeError, match=route.path):
        access.require_statements([route])


async def test_administrators_are_known_by_address(api):
    app = fastapi.FastAPI()
    app.state.services = api.app.state.services
    scope = {"type": "http", "app": app, "headers": []}
    assert await deps.get_admin(fastapi.Request(scope), api.admin.address) == api.admin.address
    with pytest.raises(deps.Forbidden):
        await deps.get_admin(fastapi.Request(scope), keys.generate_signer().address)


async def test_metrics_with_a_token_are_for_its_bearer(api):
    async with api.another_process(metrics_token="a token of the operator") as guarded:
        for headers, status in [
            ({}, 401),
            (await api.login(api.admin), 401),
            ({"Authorization": "Bearer a token of the operator"}, 200),
        ]:
            assert (await guarded.get("/metrics", headers=headers)).status_code == status
