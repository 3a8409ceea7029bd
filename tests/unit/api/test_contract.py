"""The contract without a service: what is kept in `docs/` is what the code says, and each example fits its schema."""

import json
import pathlib

import pytest
from fastapi.routing import APIRoute

from orbital.api import asgi, examples, solver_examples
from orbital.api.schemas import auctions, auth, intents, solvers
from orbital.cli import openapi

KEPT = pathlib.Path(__file__).parents[3] / "docs" / "openapi.json"
CONTRACT = asgi.build_contract()
OPERATIONS = {
    one["operationId"]: (path, method, one)
    for path, methods in CONTRACT["paths"].items()
    for method, one in methods.items()
}
ROUTES = {
    one.operation_id: one
    for router in asgi.ROUTERS
    for one in router.routes
    if isinstance(one, APIRoute) and one.operation_id
}
PROBLEM = {"$ref": "#/components/schemas/Problem"}


def test_the_kept_contract_is_what_the_code_says():
    assert KEPT.read_text() == openapi.render(), "docs/openapi.json is stale: run `make openapi`"


def test_each_operation_has_a_short_name_of_its_own():
    assert OPERATIONS.keys() == ROUTES.keys()
    assert sum(len(methods) for methods in CONTRACT["paths"].values()) == len(OPERATIONS)
    assert [one for one in OPERATIONS if "api_v1" in one or len(one) > 24] == []


def test_the_frameworks_own_error_shape_is_nowhere():
    assert "ValidationError" not in json.dumps(CONTRACT)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_refusal_is_a_problem(name):
    path, _, operation = OPERATIONS[name]
    for status, answer in operation["responses"].items():
        if status >= "400" and not (path.startswith("/health") and status == "503"):  # an unhealthy one says its health
            assert answer["content"].keys() == {"application/problem+json"}, status
            assert answer["content"]["application/problem+json"]["schema"] == PROBLEM
    assert "422" in operation["responses"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_names_the_headers_that_it_understands(name):
    path, method, operation = OPERATIONS[name]
    headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
    assert "X-Request-ID" in headers
    assert ("If-None-Match" in headers) == ("304" in operation["responses"])
    assert ("Idempotency-Key" in headers) == (method == "post" and "/auth/" not in path)


@pytest.mark.parametrize("name", [one for one in OPERATIONS if one not in {"log_out", "read_metrics"}])
def test_an_answers_example_has_the_answers_shape(name):
    answered = {status: one for status, one in ROUTES[name].responses.items() if status in {200, 201}}
    assert answered
    for status, one in answered.items():
        content = OPERATIONS[name][2]["responses"][str(status)]["content"]["application/json"]
        one["model"].model_validate(content["example"])


@pytest.mark.parametrize(
    ("model", "example"),
    [
        (intents.Submission, examples.SUBMISSION),
        (auctions.BidSubmission, examples.BID),
        (auth.ChallengeRequest, examples.CHALLENGE),
        (auth.LoginRequest, examples.LOGIN),
        (auth.RefreshRequest, examples.REFRESH),
        (solvers.RegistrationRequest, solver_examples.REGISTRATION),
        (solvers.UpdateRequest, solver_examples.UPDATE),
        (solvers.Decision, solver_examples.SUSPENSION),
        (solvers.Decision, solver_examples.REINSTATEMENT),
    ],
)
def test_a_bodys_example_is_read(model, example):
    model.model_validate(example)


def test_figures_are_text():
    assert OPERATIONS["read_metrics"][2]["responses"]["200"]["content"].keys() == {"text/plain"}
