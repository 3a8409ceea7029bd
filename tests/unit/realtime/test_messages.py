"""Messages survive the wire, and what is none is refused."""

import pytest

from orbital.domain.errors import Corrupt
from orbital.realtime import messages


def test_a_message_comes_back_as_it_went():
    sent = messages.Message(7, "awards", "awarded", {"solver": "0x01", "round": 2, "status": None})
    assert messages.decode(messages.encode(sent)) == sent


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"seq":"7","topic":"a","event":"b","data":{}}', b"\xff"])
def test_what_is_no_message_is_refused(raw):
    with pytest.raises(Corrupt, match="malformed_message"):
        messages.decode(raw)
