"""One table says which error is which answer."""

import importlib
import json
import pkgutil

import pydantic
import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

import orbital
from orbital.api import errors
from orbital.api.schemas.auth import ChallengeRequest
from orbital.domain.errors import Corrupt, FieldError, OrbitalError, Rejected, Unavailable

SERVED = ("orbital.api.", "orbital.domain.", "orbital.chain.", "orbital.storage.", "orbital.realtime.")


def all_errors() -> list[type[OrbitalError]]:
    for module in pkgutil.walk_packages(orbital.__path__, "orbital."):
        if module.name.startswith(SERVED):
            importlib.import_module(module.name)
    found, waiting = [], [OrbitalError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found += kinds
        waiting += kinds
    return found


def test_every_error_has_a_status_of_its_own_family():
    statuses = {kind: errors.status_of(kind) for kind in all_errors()}
    assert len(statuses) > 10
    for kind, status in statuses.items():
        assert (status == 500) == issubclass(kind, Corrupt)
        assert (status == 503) == kind.retryable
        assert 400 <= status < 600


def test_unavailable_says_when_to_come_back():
    answer = errors.respond(Unavailable("unavailable", "Away.", 7), "r")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


def test_problem_has_all_members_and_its_fields():
    field = FieldError("/a", "missing", "Needed.")
    answer = errors.respond(Rejected("invalid_request", "Wrong.", (field,)), "r1")
    assert answer.media_type == "application/problem+json"
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "Wrong.",
        "code": "invalid_request",
        "request_id": "r1",
        "errors": [{"pointer": "/a", "code": "missing", "detail": "Needed."}],
    }


@pytest.mark.parametrize(
    ("codes", "top"),
    [
        (("invalid_amount",), "invalid_amount"),
        (("missing",), "invalid_request"),
        (("invalid_amount", "invalid_amount"), "invalid_request"),
    ],
)
def test_single_faulty_field_gives_its_code_to_the_answer(codes, top):
    assert errors.of_fields(tuple(FieldError("/a", code, "") for code in codes)).code == top


@pytest.mark.parametrize(("methods", "allow"), [({"GET", "POST"}, "GET, HEAD, POST"), ({"POST"}, "POST")])
def test_head_is_allowed_where_get_is(methods, allow):
    answer = errors.respond(errors.MethodNotAllowed(frozenset(methods)), "r")
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)


def test_a_missing_and_an_unknown_field_are_told_in_the_services_words():
    with pytest.raises(pydantic.ValidationError) as caught:
        ChallengeRequest.model_validate({"adress": "0x"})
    told = {one.pointer: (one.code, one.detail) for one in errors.of_validation(caught.value).fields}
    assert told == {
        "/address": ("missing", "This is needed."),
        "/chain_id": ("missing", "This is needed."),
        "/adress": ("unknown_field", "There is no such field."),
    }


async def test_a_path_that_is_not_there_is_told_in_a_sentence():
    request = Request({"type": "http", "state": {"request_id": "r1"}})
    answer = await errors.handle_http(request, HTTPException(404))
    assert (answer.status_code, json.loads(answer.body)["detail"]) == (404, "There is nothing at this path.")
