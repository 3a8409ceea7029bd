"""Values on the wire: how each kind is read, written and described.

Read strictly: an amount is a decimal string, a number is a JSON integer (not 1.0, not true), an address is lower case
or carries its checksum. A value of the right JSON type that is wrong has the code of its kind.
"""

import datetime as dt
import functools
import re
import unicodedata
from typing import Annotated, Any, Final

import pydantic
from pydantic_core import PydanticCustomError

from orbital.chain import hexes
from orbital.domain.errors import Rejected
from orbital.domain.quotes import BPS_MAX
from orbital.domain.types import UINT256_MAX, Account, Address, UnixSeconds

INTEGER_MAX: Final = 2**53 - 1
CHAIN_IDS_MAX: Final = 32

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,77}")
_HASH: Final = re.compile(r"0x[0-9a-f]{64}")
_BLANKS: Final = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\U0001d159"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)
"""Letters and marks that show nothing and still count as printable; variation selectors are among them."""
_DECIMAL_PATTERN: Final = "^(0|[1-9][0-9]{0,77})$"


class Strict(pydantic.BaseModel, extra="forbid", strict=True):
    """Base of what callers send."""


class Shown(pydantic.BaseModel):
    """Base of what is answered; describes, and checks in tests."""

    model_config = pydantic.ConfigDict(extra="forbid")


def _decimal(code: str) -> Any:
    def read(value: Any) -> int:
        if not isinstance(value, str):
            raise PydanticCustomError("invalid_type", "A decimal string is needed.")
        if _DECIMAL.fullmatch(value) is None or (number := int(value)) > UINT256_MAX:
            raise PydanticCustomError(code, "A decimal string from 0 to 2^256-1 without leading zeros is needed.")
        return number

    return pydantic.BeforeValidator(read)


def _integer(code: str, high: int = INTEGER_MAX, high_name: str = "2^53-1") -> Any:
    def read(value: Any) -> int:
        if type(value) is not int:
            raise PydanticCustomError("invalid_type", "A JSON integer is needed.")
        if not 0 <= value <= high:
            raise PydanticCustomError(code, f"The integer must be from 0 to {high_name}.")
        return value

    return pydantic.BeforeValidator(read)


def _line(low: int, high: int) -> Any:
    """A text that people read: what it is, is what is seen of it, and two that look alike by accident are the same."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not low <= len(value) <= high:
            raise PydanticCustomError("invalid_type", f"A text of {low} to {high} characters is needed.")
        is_seen = value.isprintable() and _BLANKS.isdisjoint(value) and unicodedata.is_normalized("NFC", value)
        joins = unicodedata.category(value[:1] or " ").startswith("M")  # a mark, with whatever stands before the text
        if not is_seen or joins or value != value.strip():
            raise PydanticCustomError("invalid_type", "A printable text in NFC is needed, without blanks at its ends.")
        return value

    return pydantic.BeforeValidator(read)


def _line_schema(low: int, high: int) -> Any:
    said = "Printable, in NFC, without blanks at its ends, control, format or direction characters."
    return pydantic.WithJsonSchema({"type": "string", "minLength": low, "maxLength": high, "description": said})


def _read_distinct(values: list[int]) -> list[int]:
    if len(set(values)) < len(values):
        raise PydanticCustomError("invalid_type", "Each chain is named once.")
    return values


def _read_address(value: Any) -> bytes:
    if not isinstance(value, str):
        raise PydanticCustomError("invalid_type", "An address is a string.")
    try:
        return hexes.parse_address(value)
    except Rejected as failure:
        raise PydanticCustomError("invalid_address", failure.detail) from failure


def _read_hash(value: Any) -> bytes:
    if not isinstance(value, str) or _HASH.fullmatch(value) is None:
        raise PydanticCustomError("invalid_type", "0x and 64 lower-case hex digits are needed.")
    return bytes.fromhex(value[2:])


def _read_signature(value: Any) -> bytes:
    if not isinstance(value, str):
        raise PydanticCustomError("invalid_type", "A signature is a string.")
    try:
        return hexes.parse_bytes(value)
    except Rejected as failure:
        raise PydanticCustomError(
            "invalid_signature", "A signature is 0x and an even number of hex digits."
        ) from failure


_ADDRESS_SCHEMA: Final = pydantic.WithJsonSchema(
    {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$", "description": "Lower case or EIP-55 checksum."}
)
_DECIMAL_SCHEMA: Final = pydantic.WithJsonSchema({"type": "string", "pattern": _DECIMAL_PATTERN})
_INTEGER_SCHEMA: Final = pydantic.WithJsonSchema({"type": "integer", "minimum": 0, "maximum": INTEGER_MAX})
_HASH_SCHEMA: Final = pydantic.WithJsonSchema({"type": "string", "pattern": "^0x[0-9a-f]{64}$"})
_SIGNATURE_SCHEMA: Final = pydantic.WithJsonSchema({"type": "string", "pattern": "^0x([0-9a-fA-F]{2})*$"})

AmountIn = Annotated[int, _decimal("invalid_amount"), _DECIMAL_SCHEMA]
NonceIn = Annotated[int, _decimal("invalid_type"), _DECIMAL_SCHEMA]
AddressIn = Annotated[bytes, pydantic.BeforeValidator(_read_address), _ADDRESS_SCHEMA]
HashIn = Annotated[bytes, pydantic.BeforeValidator(_read_hash), _HASH_SCHEMA]
SignatureIn = Annotated[bytes, pydantic.BeforeValidator(_read_signature), _SIGNATURE_SCHEMA]
ChainIdIn = Annotated[int, _integer("unsupported_chain"), _INTEGER_SCHEMA]
DeadlineIn = Annotated[int, _integer("deadline_out_of_range"), _INTEGER_SCHEMA]
ChainIdsIn = Annotated[
    list[ChainIdIn],
    pydantic.Field(min_length=1, max_length=CHAIN_IDS_MAX, json_schema_extra={"uniqueItems": True}),
    pydantic.AfterValidator(_read_distinct),
]
BpsIn = Annotated[
    int,
    _integer("invalid_type", BPS_MAX, str(BPS_MAX)),
    pydantic.WithJsonSchema({"type": "integer", "minimum": 0, "maximum": BPS_MAX}),
]
NameIn = Annotated[str, _line(1, 64), _line_schema(1, 64)]
ContactIn = Annotated[str, _line(0, 200), _line_schema(0, 200)]
ReasonIn = Annotated[str, _line(1, 500), _line_schema(1, 500)]
SecondsIn = Annotated[int, _integer("invalid_type"), _INTEGER_SCHEMA]

Decimal = Annotated[str, pydantic.Field(pattern=_DECIMAL_PATTERN)]
Checksummed = Annotated[str, pydantic.Field(pattern="^0x[0-9a-fA-F]{40}$")]
AccountText = Annotated[
    str,
    pydantic.Field(
        pattern="^0x([0-9a-fA-F]{40}|[0-9a-f]{64})$",
        description="An address with its checksum; 32 bytes in lower case where the chain is no EVM.",
    ),
]
Hash = Annotated[str, pydantic.Field(pattern="^0x[0-9a-f]{64}$")]
Hex = Annotated[str, pydantic.Field(pattern="^0x([0-9a-f]{2})*$")]
Integer = Annotated[int, pydantic.Field(ge=0, le=INTEGER_MAX)]
Time = Annotated[str, pydantic.Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$")]


def show_address(address: Address | None) -> str | None:
    return None if address is None else hexes.to_checksum(address)


def show_account(account: Address | Account | None) -> str | None:
    return None if account is None else hexes.write_account(account)


def show_amount(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


@functools.lru_cache(maxsize=1 << 14)  # blocks and deadlines share their seconds, and readers come back
def show_seconds(time: UnixSeconds | int | None) -> str | None:
    """Unix seconds as RFC 3339."""
    return None if time is None else dt.datetime.fromtimestamp(time, dt.UTC).isoformat()[:-6] + "Z"


def show_time(time: dt.datetime | None) -> str | None:
    """A time of the database as RFC 3339, to the millisecond."""
    return None if time is None else time.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
