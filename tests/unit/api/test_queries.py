"""A query parameter beyond its bounds is refused with the bounds, and what is at them is taken."""

import pytest
from starlette.requests import Request

from orbital.api import body
from orbital.api.schemas import queries, standings
from orbital.domain.errors import Rejected

ADDRESS = "0x" + "11" * 20


def ask(model, query):
    return body.query(Request({"type": "http", "query_string": query.encode(), "headers": []}), model)


@pytest.mark.parametrize(
    ("model", "name", "low", "high"),
    [
        *((page, "limit", 1, 100) for page in (queries.Page, queries.SolverPage, standings.LeaderboardPage)),
        (queries.IntentPage, "origin_chain_id", 0, 2**53 - 1),
        (queries.SolverPage, "min_reputation", 0, 10_000),
        (queries.SolverPage, "max_fee_bps", 0, 10_000),
        (queries.AwardPage, "wait", 0, 20),
    ],
)
def test_a_number_beyond_its_bounds_is_told_them(model, name, low, high):
    for number in (low, high):
        assert getattr(ask(model, f"{name}={number}"), name) == number
    for number in (low - 1, high + 1):
        assert refusal_of(model, f"{name}={number}") == f"A whole number from {low} to {high} is needed."


@pytest.mark.parametrize(("name", "one", "what"), [("chains", "1", "chain ids"), ("tokens", ADDRESS, "addresses")])
def test_a_list_that_is_too_long_is_told_how_long_it_may_be(name, one, what):
    assert len(getattr(ask(queries.PendingPage, f"{name}={','.join([one] * 32)}"), name)) == 32
    said = refusal_of(queries.PendingPage, f"{name}={','.join([one] * 33)}")
    assert said == f"At most 32 {what} separated by commas are needed."


def test_a_chain_of_a_list_has_the_bounds_of_one_alone():
    assert ask(queries.PendingPage, f"chains=1,{2**53 - 1}").chains == [1, 2**53 - 1]
    assert refusal_of(queries.PendingPage, f"chains=1,{2**53}").startswith("At most 32 chain ids")


def refusal_of(model, query):
    with pytest.raises(Rejected) as refused:
        ask(model, query)
    assert refused.value.code == "invalid_request"
    (field,) = refused.value.fields
    assert field.code == "invalid_type"
    return field.detail
