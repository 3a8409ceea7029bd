"""Events as JSON in the ledger: one exact, reversible form for every event of `domain.facts`.

Bytes are lower-case hex with 0x. Integers that may pass 2^53 (amounts, nonces) are decimal strings; chain ids, rounds,
domains and times are numbers; several of a kind are a list. The form follows from the field's type alone, so a new
event needs no code here.
"""

import dataclasses
import functools
import operator
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import orjson

from orbital.domain import facts, types
from orbital.domain.errors import Corrupt

_Value = TypeVar("_Value")
_Encode = Callable[[Any], Any]
_Decode = Callable[[Any], Any]

EVENTS: Final[Mapping[str, type]] = {kind.__name__: kind for kind in typing.get_args(facts.Event)}
"""Every event by the name it has in the ledger."""

_BIG_FIELDS: Final = frozenset({"nonce", "reserves", "planes", "radii", "fee_growth"})
_BYTES: Final = frozenset({types.Account, types.Address, types.Hash32, types.IntentId, bytes})


def encode(event: facts.Event) -> dict[str, Any]:
    """The event's fields as JSON values."""
    return _encode_fields(type(event), event)


def dumps(event: facts.Event) -> str:
    """The same as text; for events of bytes, numbers and words alone a template that is filled in."""
    kind: Any = type(event)
    return _writer(kind)(event)


def decode(name: str, data: Mapping[str, Any]) -> facts.Event:
    """The event back from its JSON; Corrupt when the ledger holds what this version does not know."""
    kind = EVENTS.get(name)
    if kind is None:
        raise Corrupt("unknown_event", f"The ledger has an event {name!r}, which this version does not know.")
    event: facts.Event = _decode_into(kind, data)
    return event


def encode_value(kind: type[_Value], value: _Value) -> dict[str, Any]:
    """The same form of any other frozen dataclass of such fields."""
    return _encode_fields(kind, value)


def decode_value(kind: type[_Value], data: Mapping[str, Any]) -> _Value:
    """Back from `encode_value`."""
    value: _Value = _decode_into(kind, data)
    return value


def _decode_into(kind: type, data: Mapping[str, Any]) -> Any:
    return kind(**{name: take(data[name]) for name, _, take in _fields(kind)})


@functools.cache
def _writer(kind: Any) -> Callable[[Any], str]:
    template, paths = _template(kind, "")
    if template is None:
        return lambda event: orjson.dumps(encode(event)).decode()
    pick, is_one = operator.attrgetter(*paths), len(paths) == 1

    def write(event: Any) -> str:
        values = (pick(event),) if is_one else pick(event)
        return template % tuple([value.hex() if value.__class__ is bytes else value for value in values])

    return write


def _template(kind: Any, prefix: str) -> tuple[str | None, list[str]]:
    """JSON with a place for each value, and where the values are; None when a field needs more than a place."""
    hints = typing.get_type_hints(kind)
    told, paths = [], []
    for name, put, _ in _fields(kind):
        if dataclasses.is_dataclass(hints[name]):
            form, inner = _template(hints[name], f"{prefix}{name}.")
            paths += inner
        else:
            form = '"0x%s"' if put is _hex else '"%s"' if put is str else "%s" if _is_number(hints[name]) else None
            paths.append(prefix + name)
        if form is None:
            return None, []
        told.append(f'"{name}":{form}')
    return "{" + ",".join(told) + "}", paths


def _is_number(kind: Any) -> bool:
    return getattr(kind, "__supertype__", kind) is int


@functools.cache
def _fields(kind: Any) -> tuple[tuple[str, _Encode, _Decode], ...]:
    hints = typing.get_type_hints(kind)
    return tuple((field.name, *_codec(field.name, hints[field.name])) for field in dataclasses.fields(kind))


def _codec(name: str, kind: Any) -> tuple[_Encode, _Decode]:
    if typing.get_origin(kind) is tuple:
        put, take = _codec(name, typing.get_args(kind)[0])
        return lambda values: [put(one) for one in values], lambda values: tuple(take(one) for one in values)
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return lambda value: _encode_fields(kind, value), lambda data: _decode_into(kind, data)
    if kind in _BYTES:
        return _hex, _unhex
    if kind is types.Amount or name in _BIG_FIELDS:
        return str, int
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return str, kind
    return _same, _same


def _encode_fields(kind: Any, value: Any) -> dict[str, Any]:
    return {name: put(getattr(value, name)) for name, put, _ in _fields(kind)}


def _hex(value: bytes) -> str:
    return "0x" + value.hex()


def _unhex(value: str) -> bytes:
    return bytes.fromhex(value[2:])


def _same(value: Any) -> Any:
    return value
