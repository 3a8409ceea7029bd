"""What nobody gave is told as not set, and not as something wrong that was given."""

import os
import pathlib

import pytest

from orbital.config import loading
from orbital.config.tree import ConfigError, Need

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CHAIN = f"""
auctioneer = "{ADDRESS}"
[registry]
chain_id = 7
address = "{ADDRESS}"
[chains.local]
chain_id = 7
domain = 77
rpc_urls = ["http://127.0.0.1:1"]
mailbox = "0x12"
"""


def faults_of(path):
    with pytest.raises(ConfigError) as caught:
        loading.load({"ORBITAL_CONFIG": str(path)}, frozenset({Need.NETWORK}))
    return caught.value.faults


def test_an_address_that_nobody_gave_is_told_as_not_set(tmp_path: pathlib.Path):
    assert faults_of(os.devnull)[1:] == [
        "[registry] address (or REGISTRY_CONTRACT_ADDRESS) is not set",
        "auctioneer (or AUCTIONEER_ADDRESS) is not set",
    ]
    (tmp_path / "orbital.toml").write_text(CHAIN)
    settler, mailbox = faults_of(tmp_path / "orbital.toml")
    assert settler == "[chains.local] settler (or INTENTS_CONTRACT_ADDRESS) is not set"
    assert mailbox.startswith("[chains.local] mailbox (or MAILBOX_CONTRACT_ADDRESS) must be an address")
