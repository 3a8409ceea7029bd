"""What processes are started with."""

import os

import pytest

from orbital.devnet import ports

ADDRESS = f"0x{'12' * 20}"
CONFIG = f"""
auctioneer = "{ADDRESS}"
[registry]
chain_id = 7
address = "{ADDRESS}"
[chains.local]
chain_id = 7
domain = 7
rpc_urls = ["http://{ports.LOOPBACK}:9"]
settler = "0x{"34" * 20}"
mailbox = "0x{"56" * 20}"
"""


@pytest.fixture
def environment(redis_url, tmp_path):
    """Of a process whose nodes are away, which keeps nobody from starting; its database is not said."""
    (tmp_path / "orbital.toml").write_text(CONFIG)
    return {
        **os.environ,
        "ORBITAL_ENV": "dev",
        "ORBITAL_CONFIG": str(tmp_path / "orbital.toml"),
        "REDIS_URL": redis_url,
        "SERVER_ADDRESS": f"{ports.LOOPBACK}:0",
    }
