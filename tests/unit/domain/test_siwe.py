"""The login message, after the format of EIP-4361."""

import pytest

from orbital.domain import siwe
from orbital.domain.types import ChainId

EXPECTED = """service.org wants you to sign in with your Ethereum account:
0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946

I accept.

URI: https://service.org/login
Version: 1
Chain ID: 1
Nonce: 12341234
Issued At: 2022-03-17T12:45:13Z
Expiration Time: 2022-03-17T12:50:13Z"""


def test_message_has_the_fields_in_the_order_of_the_standard():
    message = siwe.Message(
        domain="service.org",
        address="0xe5A12547fe4E872D192E3eCecb76F2Ce1aeA4946",
        statement="I accept.",
        uri="https://service.org/login",
        chain_id=ChainId(1),
        nonce="12341234",
        issued_at="2022-03-17T12:45:13Z",
        expiration_time="2022-03-17T12:50:13Z",
    )
    assert siwe.build_message(message) == EXPECTED
    assert siwe.find_nonce(EXPECTED) == "12341234"


@pytest.mark.parametrize(
    "text",
    [
        "",
        EXPECTED.replace("Nonce: 12341234", "Nonce: 1234123"),
        EXPECTED.replace("Nonce: 12341234", "Nonce: 1234 1234"),
        EXPECTED.replace("Nonce:", "nonce:"),
        EXPECTED.replace("Nonce:", " Nonce:"),
        EXPECTED.replace("\n", "\r\n"),
        EXPECTED + "\nNonce: 12341234",
    ],
)
def test_text_without_exactly_one_good_nonce_line_has_none(text):
    assert siwe.find_nonce(text) is None
