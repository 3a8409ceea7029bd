"""The contracts' artifacts: calls, returns, constructors and errors by name, through eth-abi.

For everything whose speed does not matter (logs are decoded by `adapters`); only arguments and answers of single
words, of which every submission asks, don't go the long way. Addresses go in and come out as 20 bytes.
The JSON files beside this module are exported by the contracts' build and read once each.
"""

import dataclasses
import functools
import importlib.resources
import typing

import eth_abi.codec
import eth_abi.decoding
import eth_abi.exceptions
import eth_abi.registry
import msgspec

from orbital.chain.keccak import keccak256
from orbital.domain import errors
from orbital.domain.types import UINT256_MAX, Hash32

SELECTOR_BYTES: typing.Final = 4
WORD_BYTES: typing.Final = 32
ADDRESS_BYTES: typing.Final = 20
_UINT256: typing.Final = ("uint256",)
_WORDS: typing.Final = (_UINT256, ("bool",))
_ADDRESS_PAD: typing.Final = bytes(WORD_BYTES - ADDRESS_BYTES)
CONTRACTS: typing.Final = ("IntentSettler", "SolverRegistry", "LocalMailbox", "OrbitalPool", "TestToken")


class _Parameter(msgspec.Struct):
    type: str
    name: str = ""
    indexed: bool = False
    components: list["_Parameter"] = []


class _Entry(msgspec.Struct):
    type: str
    name: str = ""
    inputs: list[_Parameter] = []
    outputs: list[_Parameter] = []


class _Artifact(msgspec.Struct):
    abi: list[_Entry]
    bytecode: str


@dataclasses.dataclass(frozen=True, slots=True)
class Function:
    """One function or error: its selector and the types around it."""

    name: str
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class CustomError:
    """A revert by name: `InsufficientFee` with its arguments; `Error` and `Panic` are Solidity's own."""

    name: str
    arguments: tuple[typing.Any, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Contract:
    """One artifact. `events` maps topic 0 to the event's name."""

    name: str
    bytecode: bytes
    constructor: tuple[str, ...]
    functions: dict[str, Function]
    errors: dict[bytes, Function]
    events: dict[Hash32, str]

    def encode_call(self, function: str, *arguments: typing.Any) -> bytes:
        """Return the calldata; structs are tuples in their order."""
        called = self.functions[function]
        words = _encode_words(called.inputs, arguments)
        return called.selector + (_CODEC.encode(called.inputs, arguments) if words is None else words)

    def decode_return(self, function: str, data: bytes) -> tuple[typing.Any, ...]:
        """Return the values. Raises Corrupt("malformed_return"): no such contract is there, or another one."""
        outputs = self.functions[function].outputs
        if len(data) == WORD_BYTES and outputs in _WORDS:
            word = int.from_bytes(data)
            if outputs == _UINT256:
                return (word,)
            if word <= 1:
                return (bool(word),)
        try:
            return _CODEC.decode(outputs, data)
        except (eth_abi.exceptions.DecodingError, UnicodeDecodeError, OverflowError) as failure:
            detail = f"{self.name}.{function} returned {len(data)} bytes that are not its values."
            raise errors.Corrupt("malformed_return", detail) from failure

    def encode_deployment(self, *arguments: typing.Any) -> bytes:
        """Return the data of the transaction that deploys the contract."""
        return self.bytecode + _CODEC.encode(self.constructor, arguments)


class _BytesAddressDecoder(eth_abi.decoding.AddressDecoder):
    decoder_fn = staticmethod(bytes)  # type: ignore[assignment] # its base spells addresses as text


def _build_codec() -> eth_abi.codec.ABICodec:
    registry = eth_abi.registry.registry.copy()  # type: ignore[no-untyped-call]
    registry.unregister_decoder("address")
    registry.register_decoder("address", _BytesAddressDecoder, label="address")
    return eth_abi.codec.ABICodec(registry)


_CODEC: typing.Final = _build_codec()
_SOLIDITY_ERRORS: typing.Final = tuple(
    Function(name, keccak256(f"{name}({kind})".encode())[:SELECTOR_BYTES], (kind,), ())
    for name, kind in (("Error", "string"), ("Panic", "uint256"))
)


@functools.cache
def load(name: str) -> Contract:
    """Read the artifact of a contract, one of CONTRACTS."""
    return parse(name, importlib.resources.files("orbital.chain.abi").joinpath(f"{name}.json").read_bytes())


def parse(name: str, text: bytes) -> Contract:
    """A contract from its artifact's JSON."""
    artifact = msgspec.json.decode(text, type=_Artifact)
    by_kind: dict[str, list[_Entry]] = {"function": [], "error": [], "event": [], "constructor": []}
    for entry in artifact.abi:
        by_kind.setdefault(entry.type, []).append(entry)
    return Contract(
        name=name,
        bytecode=bytes.fromhex(artifact.bytecode.removeprefix("0x")),
        constructor=_types(by_kind["constructor"][0].inputs) if by_kind["constructor"] else (),
        functions={entry.name: _function(entry) for entry in by_kind["function"]},
        errors={found.selector: found for found in map(_function, by_kind["error"])},
        events={keccak256(_signature(entry)): entry.name for entry in by_kind["event"]},
    )


def decode_error(data: bytes) -> CustomError | None:
    """Name the error that a revert's data carries; None for no data or an error of nobody we know."""
    found = _errors().get(data[:SELECTOR_BYTES])
    if found is None:
        return None
    try:
        return CustomError(found.name, _CODEC.decode(found.inputs, data[SELECTOR_BYTES:]))
    except (eth_abi.exceptions.DecodingError, UnicodeDecodeError, OverflowError):
        return None


@functools.cache
def _errors() -> dict[bytes, Function]:
    known = {found.selector: found for found in _SOLIDITY_ERRORS}
    for name in CONTRACTS:
        known |= load(name).errors
    return known


def _encode_words(types: tuple[str, ...], values: tuple[typing.Any, ...]) -> bytes | None:
    """Arguments that are one word each, as nearly all are, at a tenth of the general codec's cost; None for others."""
    if len(types) != len(values):
        return None
    words = []
    for kind, value in zip(types, values, strict=True):
        if kind == "address" and type(value) is bytes and len(value) == ADDRESS_BYTES:
            words.append(_ADDRESS_PAD + value)
        elif kind == "uint256" and type(value) is int and 0 <= value <= UINT256_MAX:
            words.append(value.to_bytes(WORD_BYTES))
        else:
            return None
    return b"".join(words)


def _function(entry: _Entry) -> Function:
    selector = keccak256(_signature(entry))[:SELECTOR_BYTES]
    return Function(entry.name, selector, _types(entry.inputs), _types(entry.outputs))


def _signature(entry: _Entry) -> bytes:
    return f"{entry.name}({','.join(_types(entry.inputs))})".encode()


def _types(parameters: list[_Parameter]) -> tuple[str, ...]:
    return tuple(_type(parameter) for parameter in parameters)


def _type(parameter: _Parameter) -> str:
    if not parameter.type.startswith("tuple"):
        return parameter.type
    return f"({','.join(_types(parameter.components))}){parameter.type.removeprefix('tuple')}"
