import dataclasses

import pytest

from orbital.chain import keccak, mailbox
from orbital.domain import errors
from orbital.domain.types import Address, Hash32, IntentId

MESSAGE = mailbox.Message(
    nonce=7,
    origin=1000,
    sender=mailbox.pad_address(Address(b"\xaa" * 20)),
    destination=2000,
    recipient=mailbox.pad_address(Address(b"\xbb" * 20)),
    body=b"body",
)


def _body(kind: int, solver: bytes = b"\x05" * 20, amount: int = 9) -> bytes:
    words = (kind.to_bytes(32), b"\x01" * 32, solver.rjust(32, b"\0"), (b"\x06" * 20).rjust(32, b"\0"))
    return b"".join(words) + amount.to_bytes(32)


def test_messages_round_trip() -> None:
    packed = mailbox.pack(MESSAGE)
    assert len(packed) == 77 + 4
    assert packed[0] == 3
    assert mailbox.parse(packed) == MESSAGE
    assert mailbox.message_id(packed) == keccak.keccak256(packed)
    assert mailbox.parse(mailbox.pack(dataclasses.replace(MESSAGE, body=b""))).body == b""


@pytest.mark.parametrize("packed", [b"", bytes(77), mailbox.pack(MESSAGE)[:76], b"\x02" + mailbox.pack(MESSAGE)[1:]])
def test_other_versions_and_short_messages_are_refused(packed: bytes) -> None:
    with pytest.raises(errors.Rejected, match="invalid_message"):
        mailbox.parse(packed)


def test_body_of_a_settler_is_read() -> None:
    outcome = mailbox.parse_outcome(_body(1))
    assert outcome == mailbox.Outcome(
        mailbox.Kind.FILLED, IntentId(b"\x01" * 32), Address(b"\x05" * 20), Address(b"\x06" * 20), 9
    )
    assert mailbox.parse_outcome(_body(2)).kind is mailbox.Kind.EXPIRED


@pytest.mark.parametrize(
    "body", [b"", _body(1)[:-1], _body(1) + b"\0", _body(0), _body(3), _body(257), _body(1, solver=b"\x01" * 21)]
)
def test_other_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(errors.Rejected, match="invalid_message"):
        mailbox.parse_outcome(body)


def test_padded_addresses_round_trip() -> None:
    address = Address(b"\xcc" * 20)
    assert mailbox.parse_padded(mailbox.pad_address(address)) == address
    with pytest.raises(errors.Rejected, match="invalid_message"):
        mailbox.parse_padded(Hash32(b"\x01" + bytes(31)))
