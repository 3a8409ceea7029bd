"""What a solver must have before it can win: a bond in the registry, and the settlers' leave to take its tokens.

Both are read from the chains and brought up to what is missing; what is there already is left as it is.
"""

import asyncio
from collections.abc import Mapping

from orbital.chain import registry, token
from orbital.chain.rpc import Rpc
from orbital.chain.transactions import Wallet
from orbital.domain.errors import Conflict
from orbital.domain.network import Chain, Network, Token
from orbital.domain.types import UINT256_MAX, ChainId
from orbital.observe import logging

ALLOWANCE_MIN = 2**128
GAS_RESERVE_WEI = 10**16

log = logging.get_logger("solver")


class Underfunded(Conflict):
    """The account's coins don't cover the bond that is missing."""


async def ensure_bond(network: Network, node: Rpc, wallet: Wallet) -> None:
    """Bring the bond up to the network's minimum. Raises Underfunded."""
    bond = await registry.fetch_bond(node, network.registry, wallet.address)
    missing = network.min_bond_wei - bond.bond_wei
    if bond.is_registered and missing <= 0:
        return
    balance = await node.balance(wallet.address)
    if balance < missing + GAS_RESERVE_WEI:
        raise Underfunded("underfunded", f"The bond lacks {missing} wei, the account has {balance}.")
    data = registry.deposit() if bond.is_registered else registry.register()
    wallet.forget_nonce()
    await wallet.transact(network.registry, data, max(0, missing))
    log.info("bonded", bond_wei=str(max(network.min_bond_wei, bond.bond_wei)))


async def ensure_allowances(network: Network, rpcs: Mapping[ChainId, Rpc], wallets: Mapping[ChainId, Wallet]) -> None:
    """Let each chain's settler take the solver's tokens there."""
    await asyncio.gather(
        *(
            _ensure_allowance(chain, one, rpcs[chain.chain_id], wallets[chain.chain_id])
            for chain in network.chains.values()
            for one in chain.tokens
        )
    )


async def _ensure_allowance(chain: Chain, one: Token, node: Rpc, wallet: Wallet) -> None:
    allowance = await token.fetch_allowance(node, one.address, wallet.address, chain.settler)
    if allowance < ALLOWANCE_MIN:
        wallet.forget_nonce()
        await wallet.transact(one.address, token.approve(chain.settler, UINT256_MAX))
        log.info("approved", chain_id=chain.chain_id, token=one.symbol)
