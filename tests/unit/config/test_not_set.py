"""What nobody gave is told as not set, and not as something wrong that was given."""

import os
import pathlib

import pytest

from orbital.config import loading
from orbital.config.tree import ConfigError, Need


def faults_of(path):
    with pytest.raises(ConfigError) as caught:
        loading.load({"ORBITAL_CONFIG": str(path)}, frozenset({Need.NETWORK}))
    return caught.value.faults


def test_an_address_that_nobody_gave_is_told_as_not_set(tmp_path: pathlib.Path, chains_file):
    assert faults_of(os.devnull)[1:] == [
        "[registry] address (or REGISTRY_CONTRACT_ADDRESS) is not set",
        "auctioneer (or AUCTIONEER_ADDRESS) is not set",
    ]
    lines = [line for line in chains_file.splitlines() if not line.startswith("settler")]
    wrong = "\n".join('mailbox = "0x12"' if line.startswith("mailbox") else line for line in lines)
    (tmp_path / "orbital.toml").write_text(wrong)
    settler, mailbox = faults_of(tmp_path / "orbital.toml")
    assert settler == "[chains.local] settler (or INTENTS_CONTRACT_ADDRESS) is not set"
    assert mailbox.startswith("[chains.local] mailbox (or MAILBOX_CONTRACT_ADDRESS) must be an address")
