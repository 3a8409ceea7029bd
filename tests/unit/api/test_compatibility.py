"""What integrators rely on stays: the contract takes whatever it took, and answers whatever it answered.

`tests/data/openapi-baseline.json` is the contract that they were given. A change that breaks it is meant or a mistake;
if it is meant, it is stated in the changelog and the baseline is renewed:

    cp docs/openapi.json tests/data/openapi-baseline.json
"""

import copy
import json
import pathlib
import typing

import pytest

ROOT = pathlib.Path(__file__).parents[3]
KEPT = json.loads((ROOT / "docs" / "openapi.json").read_text())
BASELINE = json.loads((ROOT / "tests" / "data" / "openapi-baseline.json").read_text())
SUBMIT, LIST = ("/api/v1/intents", "post"), ("/api/v1/intents", "get")

Json = dict[str, typing.Any]


def find_breaks(old: Json, new: Json) -> list[str]:
    """What a caller of `old` can no longer rely on in `new`, both OpenAPI documents; empty when nothing breaks.

    Inputs may come to take more, and nothing may become required of them; answers may come to say more, and nothing
    that they said may go or be of another type. A field that is not known is refused: so an input that goes breaks.
    """
    found = []
    for path, operations in old["paths"].items():
        for method, before in operations.items():
            after = new["paths"].get(path, {}).get(method)
            place = f"{method.upper()} {path}"
            if after is None:
                found.append(f"{place}: gone")
            else:
                found += [f"{place}: {one}" for one in _operation(before, after, old, new)]
    return found


def _operation(before: Json, after: Json, old: Json, new: Json) -> typing.Iterator[str]:
    yield from _parameters(before, after, old, new)
    body, wanted = before.get("requestBody"), after.get("requestBody")
    if wanted and not body:
        yield "body: needed now"
    if body and wanted:
        yield from _input(_schema(body), _schema(wanted), old, new, "body")
    if body and not wanted:
        yield "body: gone"
    for status, answer in before["responses"].items():
        if status not in after["responses"]:
            if status < "400":
                yield f"{status}: gone"
        elif answer.get("content"):
            yield from _answer(_schema(answer), _schema(after["responses"][status]), old, new, status)


def _parameters(before: Json, after: Json, old: Json, new: Json) -> typing.Iterator[str]:
    given = {(one["in"], one["name"]): one for one in before.get("parameters", ())}
    taken = {(one["in"], one["name"]): one for one in after.get("parameters", ())}
    for key, one in taken.items():
        if one.get("required") and not given.get(key, {}).get("required"):
            yield f"{key[1]}: required now"
    for key, one in given.items():
        if key not in taken:
            yield f"{key[1]}: gone"
        else:
            yield from _input(one["schema"], taken[key]["schema"], old, new, key[1])


def _input(before: Json, after: Json, old: Json, new: Json, place: str) -> typing.Iterator[str]:
    before, after = _resolve(before, old), _resolve(after, new)
    lost = _types(before) - _types(after)
    if lost and _types(after):
        yield f"{place}: {', '.join(sorted(lost))} not taken any more"
    if "enum" in after:
        for value in before.get("enum", ["any other value"]):
            if value not in after["enum"]:
                yield f"{place}: {value} not taken any more"
    for name in sorted(set(after.get("required", ())) - set(before.get("required", ()))):
        yield f"{place}.{name}: required now"
    for name, one in before.get("properties", {}).items():
        if name not in after.get("properties", {}):
            yield f"{place}.{name}: gone"
        else:
            yield from _input(one, after["properties"][name], old, new, f"{place}.{name}")
    if "items" in before and "items" in after:
        yield from _input(before["items"], after["items"], old, new, f"{place}[]")


def _answer(before: Json, after: Json, old: Json, new: Json, place: str) -> typing.Iterator[str]:
    before, after = _resolve(before, old), _resolve(after, new)
    other = _types(after) - _types(before)
    if other and _types(before):
        yield f"{place}: may be {', '.join(sorted(other))} now"
    for name, one in before.get("properties", {}).items():
        if name not in after.get("properties", {}):
            yield f"{place}.{name}: gone"
            continue
        if name in before.get("required", ()) and name not in after.get("required", ()):
            yield f"{place}.{name}: not always there any more"
        yield from _answer(one, after["properties"][name], old, new, f"{place}.{name}")
    if "items" in before and "items" in after:
        yield from _answer(before["items"], after["items"], old, new, f"{place}[]")


def _schema(of: Json) -> Json:
    """The one schema of a body or an answer; an empty one, which says nothing, for an answer without."""
    return next((one.get("schema", {}) for one in of.get("content", {}).values()), {})


def _resolve(schema: Json, document: Json) -> Json:
    """Without references, and with the one alternative that is not null in place of a choice."""
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    choices = [_resolve(one, document) for one in schema.get("anyOf", ())]
    some = [one for one in choices if one.get("type") != "null"]
    if len(some) == 1:
        is_nullable = len(some) < len(choices)
        return some[0] | ({"type": sorted(_types(some[0]) | {"null"})} if is_nullable else {})
    return schema


def _types(schema: Json) -> set[str]:
    given = schema.get("type", [])
    return {given} if isinstance(given, str) else set(given)


def test_the_contract_keeps_what_integrators_were_given():
    broken = find_breaks(BASELINE, KEPT)
    assert broken == [], "if meant: say so in CHANGELOG.md; cp docs/openapi.json tests/data/openapi-baseline.json"


def lose_operation(new: Json) -> None:
    del new["paths"][SUBMIT[0]]["post"]


def lose_path(new: Json) -> None:
    del new["paths"]["/health"]


def lose_answered_field(new: Json) -> None:
    del new["components"]["schemas"]["ShownIntent"]["properties"]["status"]


def lose_nested_field(new: Json) -> None:
    del new["components"]["schemas"]["ShownLeg"]["properties"]["finality"]


def answer_another_type(new: Json) -> None:
    new["components"]["schemas"]["ShownLeg"]["properties"]["block_number"]["type"] = "string"


def answer_null(new: Json) -> None:
    new["components"]["schemas"]["ShownIntent"]["properties"]["status"]["type"] = ["string", "null"]


def answer_sometimes(new: Json) -> None:
    new["components"]["schemas"]["ShownIntent"]["required"].remove("solver")


def lose_success(new: Json) -> None:
    del new["paths"][SUBMIT[0]]["post"]["responses"]["201"]


def parameter(new: Json, name: str) -> Json:
    return next(one for one in new["paths"][LIST[0]]["get"]["parameters"] if one["name"] == name)


def take_fewer_values(new: Json) -> None:
    parameter(new, "status")["schema"]["enum"].remove("expired")


def take_some_values(new: Json) -> None:
    parameter(new, "limit")["schema"]["enum"] = [20]


def require_parameter(new: Json) -> None:
    parameter(new, "limit")["required"] = True


def lose_parameter(new: Json) -> None:
    new["paths"][LIST[0]]["get"]["parameters"].remove(parameter(new, "cursor"))


def body_of(new: Json) -> Json:
    return _resolve(_schema(new["paths"][SUBMIT[0]]["post"]["requestBody"]), new)


def require_field(new: Json) -> None:
    body_of(new)["properties"]["tip"] = {"type": "string"}
    body_of(new)["required"].append("tip")


def lose_field(new: Json) -> None:
    _resolve(body_of(new)["properties"]["intent"], new)["properties"].pop("nonce")


def take_another_type(new: Json) -> None:
    body_of(new)["properties"]["signature"]["type"] = "object"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lose_operation, "POST /api/v1/intents: gone"),
        (lose_path, "GET /health: gone"),
        (lose_answered_field, "POST /api/v1/intents: 201.status: gone"),
        (lose_nested_field, "GET /api/v1/intents: 200.data[].legs[].finality: gone"),
        (answer_another_type, "POST /api/v1/intents: 201.legs[].block_number: may be string now"),
        (answer_null, "POST /api/v1/intents: 201.status: may be null now"),
        (answer_sometimes, "POST /api/v1/intents: 201.solver: not always there any more"),
        (lose_success, "POST /api/v1/intents: 201: gone"),
        (take_fewer_values, "GET /api/v1/intents: status: expired not taken any more"),
        (take_some_values, "GET /api/v1/intents: limit: any other value not taken any more"),
        (require_parameter, "GET /api/v1/intents: limit: required now"),
        (lose_parameter, "GET /api/v1/intents: cursor: gone"),
        (require_field, "POST /api/v1/intents: body.tip: required now"),
        (lose_field, "POST /api/v1/intents: body.intent.nonce: gone"),
        (take_another_type, "POST /api/v1/intents: body.signature: string not taken any more"),
    ],
)
def test_what_breaks_callers_is_found(change, told):
    changed = copy.deepcopy(KEPT)
    change(changed)
    assert told in find_breaks(KEPT, changed)


def test_what_only_adds_breaks_nothing():
    changed = copy.deepcopy(KEPT)
    changed["paths"]["/api/v1/new"] = {"get": {"responses": {}}}
    changed["components"]["schemas"]["ShownIntent"]["properties"]["more"] = {"type": "string"}
    parameter(changed, "status")["schema"]["enum"].append("new")
    body_of(changed)["properties"]["tip"] = {"type": "string"}
    assert find_breaks(KEPT, changed) == []
