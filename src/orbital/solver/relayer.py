"""The local bridge's process: validator and relayer in one, and the one who clears up what nobody delivers.

For each chain, about once a second: read what became final by the word of most of its nodes, deliver the messages that
are for it, expire what is overdue there. Chains don't wait for each other. Nothing is kept on disk; a start reads the
chains from their first block, and so does a chain that replaced finalized blocks. The wallets' account must be used by
nothing else.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from orbital.chain.adapters import orbital
from orbital.chain.keys import Signer
from orbital.chain.rpc import Rpc, RpcError
from orbital.chain.transactions import Wallet
from orbital.domain.errors import Unavailable
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.observe import logging
from orbital.solver.delivery import Deliveries
from orbital.solver.expiry import Expiries
from orbital.solver.scanner import HistoryReplaced, Scanner
from orbital.solver.settings import RelayerSettings

WATCHED_EVENTS: Final = frozenset({"Dispatch", "ProcessId", "IntentOpened", "IntentSettled", "IntentRefunded"})

log = logging.get_logger("relayer")


async def run(
    network: Network,
    rpcs: Mapping[ChainId, Rpc],
    validator: Signer,
    wallets: Mapping[ChainId, Wallet],
    settings: RelayerSettings,
) -> None:
    """Run until cancelled. Messages are signed as `validator` and paid for by `wallets`, one a chain."""
    while True:
        try:
            await _run_once(network, rpcs, validator, wallets, settings)
        except* HistoryReplaced as replaced:
            log.warning(
                "finalized_blocks_replaced", where=str(replaced.exceptions[0]), action="reading all chains anew"
            )


async def _run_once(
    network: Network,
    rpcs: Mapping[ChainId, Rpc],
    validator: Signer,
    wallets: Mapping[ChainId, Wallet],
    settings: RelayerSettings,
) -> None:
    deliveries = Deliveries(network, rpcs, validator, wallets, settings)
    expiries = Expiries(network, rpcs, wallets, settings)
    async with asyncio.TaskGroup() as group:
        for chain_id in network.chains:
            group.create_task(_serve(chain_id, network, rpcs, deliveries, expiries, settings))


async def _serve(
    chain_id: ChainId,
    network: Network,
    rpcs: Mapping[ChainId, Rpc],
    deliveries: Deliveries,
    expiries: Expiries,
    settings: RelayerSettings,
) -> None:
    events = [event for event in orbital.EVENTS.values() if event.name in WATCHED_EVENTS]
    scanner = Scanner(network.get_chain(chain_id), rpcs[chain_id], events, settings.range_blocks)
    is_away = False
    while True:
        try:
            async for facts in scanner.read():
                for fact in facts:
                    deliveries.take(fact)
                    expiries.take(fact)
            await deliveries.deliver(chain_id)
            await expiries.look(chain_id)
        except (Unavailable, RpcError) as failure:
            if not is_away:
                log.warning("waiting", chain_id=chain_id, code=failure.code, detail=failure.detail)
            is_away = True
        else:
            is_away = False
        await asyncio.sleep(settings.poll_seconds)
