"""Nothing is open by oversight: an operation that does not state who may call it stops the start.

The statement is the dependency that also enforces it (`deps`), so it can't differ from what is done; the contract's
`security` is derived from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Route

from orbital.api import deps

BEARER: Final = [{"bearer": list[str]()}]

SECURITY: Final[Mapping[Any, list[dict[str, list[str]]]]] = {
    deps.get_anyone: [],
    deps.get_operator: [{}, *BEARER],
    deps.get_identity: BEARER,
}
"""What states who may call; all that needs a login rests on `get_identity`. Nothing, or a token where one is set."""

PLAIN: Final = frozenset({"/openapi.json", "/docs", "/docs/{name}"})
"""Paths of plain routes, which have no dependencies: everybody may read them."""


def require_statements(routes: Iterable[BaseRoute]) -> None:
    """Raises RuntimeError with every route that does not state exactly once who may call it."""
    faults = [getattr(route, "path", str(route)) for route in _flatten(routes) if not _is_stated(route)]
    if faults:
        raise RuntimeError(f"Who may call this must be stated exactly once: {', '.join(faults)}")


def describe(routes: Iterable[BaseRoute], paths: Mapping[str, Any]) -> None:
    """Write each operation's `security` into the contract's `paths`."""
    for route in _flatten(routes):
        if isinstance(route, APIRoute) and route.include_in_schema:
            (stated,) = _statements(route)
            for method in route.methods or ():
                paths[route.path_format][method.lower()]["security"] = SECURITY[stated]


def _flatten(routes: Iterable[BaseRoute]) -> Iterable[BaseRoute]:
    """The framework keeps an included router as one route that holds the others."""
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is None:
            yield route
        else:
            yield from _flatten(included.routes)


def _is_stated(route: BaseRoute) -> bool:
    if isinstance(route, APIRoute):
        return len(_statements(route)) == 1
    return isinstance(route, Route) and route.path in PLAIN and (route.methods or set()) <= {"GET", "HEAD"}


def _statements(route: APIRoute) -> list[Any]:
    return [one for one in SECURITY if one in set(_calls(route.dependant))]


def _calls(dependant: Dependant) -> Iterable[Any]:
    for needed in dependant.dependencies:
        yield needed.call
        yield from _calls(needed)
