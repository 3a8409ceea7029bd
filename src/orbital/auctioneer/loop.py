"""The auctioneer's process: leads under a lease, and does what is due, turn by turn.

Several may run; one leads, the others wait for its lease to run out. Three jobs go on side by side while it leads: the
lease is renewed, rounds are turned over, lapsed awards are judged. Only judging asks chains, so a chain that does not
answer holds up nothing but its own verdicts. When PostgreSQL goes away or the lease is lost, leading ends and starts
over by itself; nothing is kept in memory that the next leader would need.
"""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from orbital.auctioneer import judge, rounds
from orbital.auctioneer.rounds import Desk
from orbital.auctioneer.settings import AuctioneerSettings
from orbital.chain.keys import Signer
from orbital.chain.rpc import Rpc, RpcError
from orbital.domain.errors import Rejected, Unavailable
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.observe import logging, metrics
from orbital.storage import auctions, leadership, leases
from orbital.storage.pool import Pool, acquire

LEASE = "auctioneer"
BATCH = 100
BACK_OFF_SECONDS = 1.0
SHORTEST_SLEEP_SECONDS = 0.01

log = logging.get_logger("auctioneer")
IS_LEADER = metrics.gauge("orbital_auctioneer_leader", "1 while this process has the lease, else 0.")


async def run(
    pool: Pool,
    network: Network,
    rpcs: Mapping[ChainId, Rpc],
    signer: Signer,
    settings: AuctioneerSettings,
) -> None:
    """Run until cancelled. Rejected `wrong_auctioneer_key` when the key is not the network's auctioneer's."""
    if signer.address != network.auctioneer:
        raise Rejected("wrong_auctioneer_key", "The auctioneer's key does not belong to the network's auctioneer.")

    def work(lease: leases.Lease) -> list[Coroutine[Any, Any, None]]:
        desk = Desk(pool, lease, network, signer, settings)
        return [_turn_over(desk), _judge(desk, rpcs)]

    terms = leadership.Terms(lease_seconds=settings.lease_seconds, renew_seconds=settings.renew_seconds)
    await leadership.lead(pool, LEASE, terms, work, log, IS_LEADER)


async def turn(desk: Desk) -> float:
    """Do everything that is due now; returns after how many seconds something is due again at the latest."""
    async with acquire(desk.pool) as connection:
        to_void = await auctions.list_void(connection, BATCH)
        due = await auctions.list_due(connection, BATCH)
        to_open = await auctions.list_unauctioned(connection, desk.network.auctioneer, BATCH)
        to_reopen = await auctions.list_reopenable(connection, desk.network.auctioneer, BATCH)
    for intent_id, round_ in to_void:
        await rounds.void(desk, intent_id, round_)
    for intent_id, round_ in due:
        await rounds.close(desk, intent_id, round_)
    for intent_id in to_open:
        await rounds.open_next(desk, intent_id)
    for intent_id in to_reopen:
        await rounds.reopen(desk, intent_id)
    async with acquire(desk.pool) as connection:
        next_close = await auctions.seconds_to_next_close(connection)
    idle = desk.settings.idle_seconds
    return idle if next_close is None else min(idle, max(SHORTEST_SLEEP_SECONDS, next_close))


async def judge_lapses(desk: Desk, rpcs: Mapping[ChainId, Rpc]) -> set[ChainId]:
    """Give each lapse its verdict; returns the chains that could not be asked, whose lapses wait."""
    silent: set[ChainId] = set()
    while True:
        async with acquire(desk.pool) as connection:
            waiting = await auctions.list_unjudged(connection, desk.network.auctioneer, BATCH, sorted(silent))
        known_silent = len(silent)
        for intent_id in waiting:
            for case in await judge.load_cases(desk, intent_id):
                if not await _judge_case(desk, rpcs, case, silent):
                    silent.add(case.intent.origin_chain_id)
        if len(silent) == known_silent:
            return silent


async def _judge_case(desk: Desk, rpcs: Mapping[ChainId, Rpc], case: judge.Case, silent: set[ChainId]) -> bool:
    """Whether the case's chain could be asked."""
    node = rpcs.get(case.intent.origin_chain_id)
    if node is None or case.intent.origin_chain_id in silent:
        return False
    try:
        fault = await judge.judge(desk, case, node)
    except (Unavailable, RpcError):
        return False
    await judge.record(desk, case, fault)
    return True


async def _turn_over(desk: Desk) -> None:
    while True:
        seconds = await turn(desk)
        await asyncio.sleep(seconds)


async def _judge(desk: Desk, rpcs: Mapping[ChainId, Rpc]) -> None:
    silent: set[ChainId] = set()
    while True:
        found = await judge_lapses(desk, rpcs)
        for chain_id in found - silent:
            log.warning("chain_unavailable", chain_id=chain_id, detail="lapsed awards of this origin wait")
        silent = found
        await asyncio.sleep(desk.settings.judge_seconds if not silent else BACK_OFF_SECONDS)
