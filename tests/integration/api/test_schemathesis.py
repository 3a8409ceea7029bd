"""What is answered over HTTP is what the contract says, whatever is sent.

Requests are made from the contract by schemathesis, right ones and wrong ones, to a real server: as nobody, as a user
with an intent and as a solver with an award. No answer is a fault of the service, has a status or a type that is not
declared, or a body or header that is not as its schema says.
"""

import asyncio
import collections.abc
import dataclasses
import itertools
import typing

import hypothesis
import pytest
import requests
import schemathesis
from hypothesis import strategies
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from orbital.chain import hexes
from orbital.devnet import pools, ports
from orbital.domain import pool_facts
from orbital.domain.orbital import liquidity
from orbital.domain.types import Address, ChainId

EXAMPLES = 12
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_headers_conformance,
    openapi_checks.response_schema_conformance,
]
LAST = ("cancel_intent", "log_out")
"""They end what the others read."""


@dataclasses.dataclass(frozen=True)
class Place:
    """A server, who calls it (headers), and what is there."""

    url: str
    contract: dict[str, typing.Any]
    callers: list[dict[str, str]]
    there: dict[str, list[str]]


@pytest.fixture
async def place(api, on_a_port) -> collections.abc.AsyncIterator[Place]:
    user, solver = await api.funded_user(), await api.bonded_solver()
    awarded, pending, cancelled = [await api.submitted(user) for _ in range(3)]
    await api.award(awarded, solver.address, 995_000)
    callers = [{}, await api.login(user), await api.login(solver)]
    answer = await api.client.post(api.path(cancelled, "/cancel"), headers=callers[1])
    assert answer.status_code == 200, answer.text
    there = {
        "intent_id": [hexes.to_hex(api.intent_id(one)) for one in (awarded, pending, cancelled)],
        "address": [hexes.to_checksum(one) for one in (solver.address, await recorded_pool(api))],
        "chain_id": ["31337"],
    }
    contract = (await api.client.get("/openapi.json")).json()
    async with on_a_port(api.app) as port:
        yield Place(f"http://{ports.LOOPBACK}:{port}", contract, callers, there)


async def recorded_pool(api) -> Address:
    """The origin's pool, filled at par."""
    chain = api.network.chains[ChainId(31337)]
    (at,) = chain.pools
    planes = tuple(one.plane for one in pools.TICKS)
    filled = liquidity.add(liquidity.open_pool(planes, (6, 6, 18, 18)), 0, 10**24)
    tokens = tuple(one.address for one in chain.tokens)
    ticks = [pool_facts.TickCreated(at, index, plane) for index, plane in enumerate(planes)]
    for event in (
        pool_facts.PoolCreated(at, tokens, (6, 6, 18, 18), 100),
        *ticks,
        pool_facts.LiquidityAdded(at, at, 0, 10**24, filled.amounts),
    ):
        await api.record_on_chain(chain.chain_id, event)
    return at


async def test_every_answer_is_as_the_contract_says(place):
    answered = await asyncio.to_thread(try_all, place)
    reads = {name for name in answered if name.startswith(("read_", "list_"))}
    assert [name for name in reads if 200 not in answered[name]] == [], "never answered well is not tested"
    assert [name for name in answered.keys() - reads if not answered[name] & {401, 404, 415, 422}] == []


def try_all(place: Place) -> dict[str, set[int]]:
    """Each operation's statuses. Raises what schemathesis finds wrong."""
    contract = schemathesis.openapi.from_dict(place.contract)
    operations = {one.ok().definition.raw["operationId"]: one.ok() for one in contract.get_all_operations()}
    answered = collections.defaultdict(set)
    with requests.Session() as session:
        for name in sorted(operations, key=lambda one: (one in LAST, one)):
            try_one(place, operations[name], session, answered[name])
    return answered


def try_one(place: Place, operation: typing.Any, session: requests.Session, answered: set[int]) -> None:
    """First, of what only reads, what is there as each caller; then what is made up."""
    names = path_names(operation)
    there = [dict(zip(names, values, strict=True)) for values in itertools.product(*map(place.there.get, names))]

    def check(case: schemathesis.Case, caller: dict[str, str]) -> None:
        case.headers = {**(case.headers or {}), **caller}
        response = case.call(base_url=place.url, session=session, timeout=30)
        answered.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    if operation.method == "get":
        for values, caller in itertools.product(there, place.callers):
            check(operation.Case(path_parameters=values), caller)
    right, wrong = (operation.as_strategy(mode) for mode in schemathesis.GenerationMode)

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(
        case=right | wrong,
        caller=strategies.sampled_from(place.callers),
        known=strategies.none() | strategies.sampled_from(there),
    )
    def attempt(case: schemathesis.Case, caller: dict[str, str], known: dict[str, str] | None) -> None:
        if known:
            case.path_parameters = known
        if isinstance(case.query, dict):
            case.query.pop("wait", None)  # holding an answer back is another test's business
        check(case, caller)

    attempt()


def path_names(operation: typing.Any) -> list[str]:
    return [one["name"] for one in operation.definition.raw["parameters"] if one["in"] == "path"]
