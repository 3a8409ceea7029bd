"""Events as JSON in the ledger: one exact, reversible form for every event of `domain.facts`.

Bytes are lower-case hex with 0x. Integers that may pass 2^53 (amounts, nonces) are decimal strings; chain ids, rounds,
domains and times are numbers; several of a kind are a list. The form follows from the field's type alone, so a new
event needs no code here.
"""

import dataclasses
import functools
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
    """The same as text; an event of bytes, numbers and words alone is filled into a template, at half the price."""
    kind: Any = type(event)
    return _writer(kind)(event)


def decode(name: str, data: Mapping[str, Any]) -> facts.Event:
    """The event back from its JSON; Corrupt when the ledger holds what this version does not know."""
    kind = EVENTS.get(name)
    if kind is None:
        raise Corrupt("unknown_event", f"The ledger has an event {name!r}, which this version does not know.")
    event: facts.Event = _reader(kind)(data)
    return event


def encode_value(kind: type[_Value], value: _Value) -> dict[str, Any]:
    """The same form of any other frozen dataclass of such fields."""
    return _encode_fields(kind, value)


def decode_value(kind: type[_Value], data: Mapping[str, Any]) -> _Value:
    """Back from `encode_value`."""
    wanted: Any = kind
    value: _Value = _reader(wanted)(data)
    return value


@functools.cache
def _writer(kind: Any) -> Callable[[Any], str]:
    template = _template(kind, "event")
    if template is None:
        return lambda event: orjson.dumps(encode(event)).decode()
    write: Callable[[Any], str] = eval(f"lambda event: f'{template}'")  # noqa: S307 - made of our own fields' names
    return write


def _template(kind: Any, path: str) -> str | None:
    """What stands in an f-string for the JSON of a value, which is at `path`; None when it needs more than a place."""
    hints = typing.get_type_hints(kind)
    told = []
    for name, put, _ in _fields(kind):
        place, is_inner = f"{path}.{name}", dataclasses.is_dataclass(hints[name])
        form = _template(hints[name], place) if is_inner else _place(place, hints[name], put)
        if form is None:
            return None
        told.append(f'"{name}":{form}')
    return "{{" + ",".join(told) + "}}"


def _place(path: str, kind: Any, put: _Encode) -> str | None:
    if put is _hex:
        return f'"0x{{{path}.hex()}}"'
    if put is str:
        return f'"{{{path}}}"'
    return f"{{{path}}}" if _is_number(kind) else None


@functools.cache
def _reader(kind: Any) -> Callable[[Mapping[str, Any]], Any]:
    """One expression that makes the value, inner ones included: at half the price of a call a field."""
    names: dict[str, Any] = {"unhex": bytes.fromhex}
    read: Callable[[Mapping[str, Any]], Any] = eval(f"lambda data: {_making(kind, 'data', names)}", names)  # noqa: S307
    return read


def _making(kind: Any, path: str, names: dict[str, Any]) -> str:
    """The call that makes a `kind` of the JSON at `path`; `names` gets what it calls."""
    hints = typing.get_type_hints(kind)
    made = [_taking(f'{path}["{name}"]', hints[name], take, names) for name, _, take in _fields(kind)]
    return f"{_named(kind, names)}({', '.join(made)})"


def _taking(path: str, kind: Any, take: _Decode, names: dict[str, Any]) -> str:
    if dataclasses.is_dataclass(kind):
        return _making(kind, path, names)
    if take is _unhex:
        return f"unhex({path}[2:])"
    return path if take is _same else f"{_named(take, names)}({path})"


def _named(called: _Decode, names: dict[str, Any]) -> str:
    name = f"call_{len(names)}"
    names[name] = called
    return name


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
        return lambda value: _encode_fields(kind, value), _reader(kind)
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
