"""What travels over the bus: one announcement of the outbox as JSON."""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import orjson

from orbital.domain.errors import Corrupt

TOPICS: Final = ("intents", "auctions", "awards", "chains")


@dataclass(frozen=True, slots=True)
class Message:
    """`seq` is the outbox row's: it orders, has gaps, and comes again when a message is delivered twice. Messages
    of one row have the same, and come in their order.

    `topic` is one of TOPICS, `event` a name within it, `data` JSON with ids and addresses as lower-case hex.
    """

    seq: int
    topic: str
    event: str
    data: dict[str, Any]


_DECODER: Final = msgspec.json.Decoder(Message)


def encode(message: Message) -> bytes:
    return orjson.dumps(message)


def decode(raw: bytes) -> Message:
    """The message back. Corrupt for bytes that are none."""
    try:
        return _DECODER.decode(raw)
    except msgspec.MsgspecError as error:
        raise Corrupt("malformed_message", f"A message of the bus can't be read: {error}") from error
