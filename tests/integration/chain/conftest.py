"""A local chain, its node and funded keys for each test of this folder."""

import collections.abc

import pytest

from orbital.chain import keys, rpc
from orbital.devnet import anvil
from orbital.domain.types import ChainId

# The well-known keys of anvil's default mnemonic; worth nothing anywhere.
FUNDED_KEYS = (
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
)


@pytest.fixture
def local_chain(anvil_chain: collections.abc.Callable[..., anvil.Chain]) -> anvil.Chain:
    return anvil_chain(slots_in_an_epoch=2)


@pytest.fixture
async def node(local_chain: anvil.Chain) -> collections.abc.AsyncIterator[rpc.Rpc]:
    async with rpc.Rpc([local_chain.rpc_url], ChainId(local_chain.chain_id)) as opened:
        yield opened


@pytest.fixture
def funded() -> tuple[keys.Signer, ...]:
    return tuple(keys.parse_signer(key) for key in FUNDED_KEYS)
