"""Sign-In with Ethereum (EIP-4361): the message that a login asks a wallet to sign.

The service builds each message itself, keeps it, and takes back only that very text: so nothing of a message that comes
back is interpreted but its nonce, by which the kept one is found. Times are RFC 3339 texts.

Source: EIP-4361, "Sign-In with Ethereum", message format.
"""

import re
from dataclasses import dataclass
from typing import Final

from orbital.domain.types import ChainId

VERSION: Final = "1"

_NONCE_LINE: Final = re.compile(r"^Nonce: ([A-Za-z0-9]{8,128})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Message:
    """The fields in the order of the text. `domain` is an authority (host, port), `address` has its EIP-55 checksum."""

    domain: str
    address: str
    statement: str
    uri: str
    chain_id: ChainId
    nonce: str
    issued_at: str
    expiration_time: str


def build_message(message: Message) -> str:
    """The text to be signed, without a line break at its end."""
    return "\n".join(
        (
            f"{message.domain} wants you to sign in with your Ethereum account:",
            message.address,
            "",
            message.statement,
            "",
            f"URI: {message.uri}",
            f"Version: {VERSION}",
            f"Chain ID: {message.chain_id}",
            f"Nonce: {message.nonce}",
            f"Issued At: {message.issued_at}",
            f"Expiration Time: {message.expiration_time}",
        )
    )


def find_nonce(text: str) -> str | None:
    """The nonce of a message, None unless it has exactly one line that is a nonce."""
    found = _NONCE_LINE.findall(text)
    return found[0] if len(found) == 1 else None
