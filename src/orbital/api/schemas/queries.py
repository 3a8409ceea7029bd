"""Query strings: every parameter a text, each read strictly; an unknown one is an error."""

import re
from enum import StrEnum
from typing import Annotated, Any, Final

import pydantic
from pydantic_core import PydanticCustomError

from orbital.api import paging
from orbital.api.schemas.values import INTEGER_MAX, Strict
from orbital.chain import hexes
from orbital.domain import solver
from orbital.domain.auction import REPUTATION_MAX
from orbital.domain.errors import Rejected
from orbital.domain.lifecycle import Status
from orbital.domain.quotes import BPS_MAX

LIST_MAX: Final = 32
WAIT_SECONDS_MAX: Final = 20

_DIGITS: Final = re.compile(r"0|[1-9][0-9]{0,15}")


def one_of(words: type[StrEnum], what: str) -> tuple[Any, Any]:
    """A parameter that is one of these words, as an annotation has it; `what` begins the sentence for any other."""
    told = ", ".join(words)

    def read(value: Any) -> StrEnum:
        if value not in set(words):
            raise PydanticCustomError("invalid_type", f"{what} is one of {told}.")
        return words(value)

    return pydantic.BeforeValidator(read), pydantic.WithJsonSchema({"type": "string", "enum": [*map(str, words)]})


def _whole(low: int, high: int) -> Any:
    def read(value: Any) -> int:
        if _DIGITS.fullmatch(value) is None or not low <= int(value) <= high:
            raise PydanticCustomError("invalid_type", f"A whole number from {low} to {high} is needed.")
        return int(value)

    return pydantic.BeforeValidator(read)


def _read_flag(value: Any) -> bool:
    if value not in {"true", "false"}:
        raise PydanticCustomError("invalid_type", "true or false is needed.")
    return bool(value == "true")


def _range(high: int) -> Any:
    return pydantic.WithJsonSchema({"type": "integer", "minimum": 0, "maximum": high})


def _read_chains(value: str) -> list[int]:
    parts = value.split(",")
    is_numbers = all(_DIGITS.fullmatch(part) is not None and int(part) <= INTEGER_MAX for part in parts)
    if len(parts) > LIST_MAX or not is_numbers:
        raise PydanticCustomError("invalid_type", f"At most {LIST_MAX} chain ids separated by commas are needed.")
    return [int(part) for part in parts]


def _read_addresses(value: str) -> list[bytes]:
    parts = value.split(",")
    if len(parts) > LIST_MAX:
        raise PydanticCustomError("invalid_type", f"At most {LIST_MAX} addresses separated by commas are needed.")
    try:
        return [hexes.parse_address(part) for part in parts]
    except Rejected as failure:
        raise PydanticCustomError("invalid_address", failure.detail) from failure


_CHAIN: Final = pydantic.WithJsonSchema({"type": "integer", "minimum": 0, "maximum": INTEGER_MAX})
_COMMAS: Final = pydantic.WithJsonSchema({"type": "string", "description": "Separated by commas."})
_STATUS: Final = one_of(Status, "The status of an intent")
_STANDING: Final = one_of(solver.Status, "The status of a solver")
_Chain = Annotated[int | None, _whole(0, INTEGER_MAX), _CHAIN]
_Limit = Annotated[
    int,
    _whole(1, paging.LIMIT_MAX),
    pydantic.WithJsonSchema({"type": "integer", "minimum": 1, "maximum": paging.LIMIT_MAX}),
]
_Cursor = Annotated[str, pydantic.Field(max_length=paging.CURSOR_CHARS_MAX)]


class Page(Strict):
    """Any list."""

    limit: _Limit = paging.LIMIT_DEFAULT
    cursor: _Cursor | None = None


class IntentPage(Page):
    """Own intents."""

    status: Annotated[Status | None, *_STATUS] = None
    origin_chain_id: _Chain = None
    destination_chain_id: _Chain = None


class PendingPage(Page):
    """Open auctions: both chains among `chains`, both tokens among `tokens`."""

    chains: Annotated[list[int] | None, pydantic.BeforeValidator(_read_chains), _COMMAS] = None
    tokens: Annotated[list[bytes] | None, pydantic.BeforeValidator(_read_addresses), _COMMAS] = None


class SolverPage(Page):
    """Solvers: whose profile has the chain and asks at most this fee, and who stand like this."""

    chain_id: _Chain = None
    min_reputation: Annotated[int, _whole(0, REPUTATION_MAX), _range(REPUTATION_MAX)] = 0
    max_fee_bps: Annotated[int | None, _whole(0, BPS_MAX), _range(BPS_MAX)] = None
    status: Annotated[solver.Status | None, *_STANDING] = None


class AwardPage(Page):
    """A solver's awards; `wait` holds an empty answer back for up to so many seconds."""

    live: Annotated[bool, pydantic.BeforeValidator(_read_flag), pydantic.WithJsonSchema({"type": "boolean"})] = False
    wait: Annotated[
        int,
        _whole(0, WAIT_SECONDS_MAX),
        pydantic.WithJsonSchema({"type": "integer", "minimum": 0, "maximum": WAIT_SECONDS_MAX}),
    ] = 0
