"""The word for what an intent waits for, and how far along it is."""

import pytest

from orbital.domain import explain
from orbital.domain.facts import Fault
from orbital.domain.lifecycle import Status

QUIET = {"opened": False, "chain_stalled": False, "bids_refused": False, "last_fault": None}


@pytest.mark.parametrize(
    ("status", "change", "word"),
    [
        (Status.PENDING, {}, "awaiting_bids"),
        (Status.PENDING, {"bids_refused": True}, "no_valid_bids"),
        (Status.PENDING, {"last_fault": Fault.SOLVER}, "award_lapsed"),
        (Status.PENDING, {"last_fault": Fault.USER}, "user_funds_moved"),
        (Status.PENDING, {"chain_stalled": True}, "chain_stalled"),
        (Status.MATCHED, {}, "awaiting_open"),
        (Status.OPENED, {"opened": True}, "awaiting_fill"),
        (Status.FILLED, {"opened": True}, "awaiting_settlement"),
        (Status.SETTLED, {"opened": True, "chain_stalled": True}, "settled"),
        (Status.CANCELLED, {}, "cancelled"),
        (Status.EXPIRED, {}, "expired"),
        (Status.EXPIRED, {"opened": True}, "refund_due"),
        (Status.REFUNDED, {"opened": True}, "refunded"),
    ],
)
def test_each_status_has_its_word(status, change, word):
    assert explain.explain(status, **(QUIET | change)) == word


def test_every_word_has_a_sentence():
    assert set(explain.DETAILS) == set(explain.Explain)


@pytest.mark.parametrize(
    ("status", "opened", "step", "percentage"),
    [
        (Status.PENDING, False, "match", 20),
        (Status.MATCHED, False, "open", 40),
        (Status.OPENED, True, "fill", 60),
        (Status.FILLED, True, "settle", 80),
        (Status.SETTLED, True, "done", 100),
        (Status.EXPIRED, False, "done", 20),
        (Status.EXPIRED, True, "fill", 60),
        (Status.CANCELLED, False, "done", 20),
        (Status.REFUNDED, True, "done", 60),
    ],
)
def test_progress_counts_the_steps_that_were_made(status, opened, step, percentage):
    progress = explain.progress_of(status, opened=opened)
    assert (progress.current_step, progress.percentage) == (step, percentage)
