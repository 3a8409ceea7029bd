import pytest

from orbital.chain import hexes
from orbital.domain import errors
from orbital.domain.types import Address

# The addresses of EIP-55 itself: mixed, all upper and all lower case.
EIP55 = (
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0xde709f2102306220921060314715629080e2fb77",
)


@pytest.mark.parametrize("text", EIP55)
def test_addresses_are_written_with_their_checksum(text: str) -> None:
    assert hexes.to_checksum(Address(bytes.fromhex(text[2:]))) == text


@pytest.mark.parametrize("text", EIP55)
def test_addresses_are_read_in_lower_case_and_with_checksum(text: str) -> None:
    assert hexes.parse_address(text) == hexes.parse_address(text.lower()) == bytes.fromhex(text[2:])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        EIP55[0][2:],
        EIP55[0] + "0",
        EIP55[0][:-1],
        "0X" + EIP55[0][2:].lower(),
        "0x" + EIP55[0][2:].upper(),
        EIP55[0].swapcase().replace("X", "x"),
        EIP55[0][:-1] + "D",
        EIP55[0] + "\n",
        " " + EIP55[0],
        "0x5a eb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x" + "٣" * 40,
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(errors.Rejected) as caught:
        hexes.parse_address(text)
    assert caught.value.code == "invalid_address"


def test_hashes_have_32_bytes() -> None:
    assert hexes.parse_hash("0x" + "Ab" * 32) == b"\xab" * 32
    for text in ("0x" + "ab" * 31, "0x" + "ab" * 33, "ab" * 32, "0x" + "ab" * 31 + " a"):
        with pytest.raises(errors.Rejected):
            hexes.parse_hash(text)


def test_bytes_round_trip() -> None:
    for data in (b"", b"\0", b"\x01\xff" * 50):
        assert hexes.parse_bytes(hexes.to_hex(data)) == data
    for text in ("", "0x0", "0xzz", "0x 00", "00"):
        with pytest.raises(errors.Rejected):
            hexes.parse_bytes(text)
