"""A chains file as a user writes it."""

import pytest

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def chains_file() -> str:
    """One chain; it ends in the table of its token."""
    return f"""
auctioneer = "{ADDRESS}"
[registry]
chain_id = 7
address = "{ADDRESS}"
[chains.local]
chain_id = 7
domain = 77
rpc_urls = ["http://127.0.0.1:1"]
settler = "{ADDRESS}"
mailbox = "{ADDRESS}"
[[chains.local.tokens]]
symbol = "USDC"
address = "{ADDRESS}"
decimals = 6
"""
