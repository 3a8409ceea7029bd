import eth_abi
import pytest

from orbital.chain import keccak, settler
from orbital.chain.abi import codec
from orbital.domain import errors
from orbital.domain.types import Address


@pytest.mark.parametrize("name", codec.CONTRACTS)
def test_artifacts_are_complete(name: str) -> None:
    contract = codec.load(name)
    assert contract.name == name
    assert len(contract.bytecode) > 1000
    assert contract.functions
    assert contract.events
    assert contract.errors


def test_selectors_are_those_of_the_standards() -> None:
    functions = codec.load("TestToken").functions
    assert functions["transfer"].selector.hex() == "a9059cbb"
    assert functions["approve"].selector.hex() == "095ea7b3"
    assert functions["balanceOf"].selector.hex() == "70a08231"
    assert settler.invalidate_nonce(5) == keccak.keccak256(b"invalidateNonce(uint256)")[:4] + (5).to_bytes(32)


def test_errors_are_named_across_contracts() -> None:
    data = keccak.keccak256(b"InsufficientFee(uint256,uint256)")[:4] + eth_abi.encode(["uint256", "uint256"], [5, 3])
    assert codec.decode_error(data) == codec.CustomError("InsufficientFee", (5, 3))
    bond = keccak.keccak256(b"NotRegistered(address)")[:4] + bytes(12) + b"\x09" * 20
    assert codec.decode_error(bond) == codec.CustomError("NotRegistered", (b"\x09" * 20,))


def test_errors_of_solidity_are_named() -> None:
    said = bytes.fromhex("08c379a0") + eth_abi.encode(["string"], ["no"])
    assert codec.decode_error(said) == codec.CustomError("Error", ("no",))
    panic = bytes.fromhex("4e487b71") + eth_abi.encode(["uint256"], [0x11])
    assert codec.decode_error(panic) == codec.CustomError("Panic", (0x11,))


@pytest.mark.parametrize("data", [b"", b"\x01\x02", b"\xde\xad\xbe\xef", bytes.fromhex("08c379a0") + b"\xff" * 64])
def test_unknown_reverts_have_no_name(data: bytes) -> None:
    assert codec.decode_error(data) is None


@pytest.mark.parametrize("data", [b"", bytes(31), b"\xff" * 32])
def test_answers_of_something_else_are_corrupt(data: bytes) -> None:
    with pytest.raises(errors.Corrupt, match="malformed_return"):
        codec.load("LocalMailbox").decode_return("delivered", data)


def test_addresses_come_out_as_bytes() -> None:
    address = Address(b"\x0a" * 20)
    assert codec.load("IntentSettler").decode_return("mailbox", bytes(12) + address) == (address,)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ((b"\x11" * 20, 0), ("address", "uint256")),
        ((b"\x00" * 20, 2**256 - 1), ("address", "uint256")),
        ((b"\xff" * 20, 10**18), ("address", "uint256")),
    ],
)
def test_single_words_are_encoded_as_the_general_codec_does(values, kinds):
    data = codec.load("TestToken").encode_call("transfer", *values)
    assert data[4:] == eth_abi.encode(kinds, values)


@pytest.mark.parametrize("values", [(b"\x11" * 19, 0), (b"\x11" * 20, -1), (b"\x11" * 20, 2**256), (b"\x11" * 20,)])
def test_what_is_no_word_is_refused_by_the_general_codec(values):
    with pytest.raises((eth_abi.exceptions.EncodingError, ValueError, TypeError)):
        codec.load("TestToken").encode_call("transfer", *values)


@pytest.mark.parametrize("number", [0, 1, 2**256 - 1])
def test_an_answer_of_one_word_is_its_number(number):
    assert codec.load("TestToken").decode_return("balanceOf", number.to_bytes(32)) == (number,)
