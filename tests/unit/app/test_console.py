"""A line of the devnet says who did a step, or whose it was."""

import pytest

from orbital.app import console
from orbital.realtime.messages import Message

ID, WHO = "0x" + "ab" * 32, "0x" + "12" * 20


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("IntentSubmitted", "submitted by 0x121212…1212"),
        ("IntentAwarded", "awarded to 0x121212…1212"),
        ("IntentOpened", "opened, escrowed from 0x121212…1212"),
        ("IntentFilled", "filled by 0x121212…1212"),
        ("IntentRefunded", "refunded to 0x121212…1212"),
    ],
)
def test_a_step_is_told_with_its_actor(event, said):
    message = Message(1, "intents", event, {"intent_id": ID, "status": "opened", "actor": WHO})
    assert console.describe(message) == f"intent 0xababab…abab  opened    {said}"


def test_what_is_no_step_is_not_told():
    assert console.describe(Message(1, "intents", "DeadlinePassed", {"intent_id": ID})) is None
