"""The auctioneer's process: leads under a lease, and does what is due, turn by turn.

Several may run; one leads, the others wait for its lease to run out. Three jobs go on side by side while it leads: the
lease is renewed, rounds are turned over, lapsed awards are judged. Only judging asks chains, so a chain that does not
answer holds up nothing but its own verdicts. When PostgreSQL goes away or the lease is lost, leading ends and starts
over by itself; nothing is kept in memory that the next leader would need.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping

from orbital.auctioneer import judge, rounds
from orbital.auctioneer.rounds import Desk
from orbital.auctioneer.settings import AuctioneerSettings
from orbital.chain.keys import Signer
from orbital.chain.rpc import Rpc, RpcError
from orbital.domain.errors import Conflict, OrbitalError, Rejected, Unavailable
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.observe import logging
from orbital.storage import auctions, leases
from orbital.storage.pool import Pool, acquire, transaction

LEASE = "auctioneer"
BATCH = 100
BACK_OFF_SECONDS = 1.0
STANDBY_SECONDS = 0.5
SHORTEST_SLEEP_SECONDS = 0.01
RELEASE_SECONDS = 0.5

log = logging.get_logger("auctioneer")


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
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    is_away, leader = False, None
    while True:
        try:
            lease, leader_now = await _acquire(pool, holder, settings)
            is_away = False
            if lease is None:
                if leader_now != leader:
                    log.info("standing_by", leader=leader_now)
                leader = leader_now
                await asyncio.sleep(STANDBY_SECONDS)
                continue
            leader = None
            await _lead(Desk(pool, lease, network, signer, settings), rpcs)
        except (Unavailable, Conflict) as error:
            if isinstance(error, Conflict) and error.code != "lease_lost":
                raise
            if not is_away:
                log.warning("not_leading", code=error.code, detail=error.detail)
            is_away = True
            await asyncio.sleep(BACK_OFF_SECONDS)


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


async def _acquire(pool: Pool, holder: str, settings: AuctioneerSettings) -> tuple[leases.Lease | None, str | None]:
    """The lease, or None and who leads."""
    async with transaction(pool) as connection:
        lease = await leases.acquire(connection, LEASE, holder, settings.lease_seconds)
        return lease, None if lease is not None else await leases.find_holder(connection, LEASE)


async def _lead(desk: Desk, rpcs: Mapping[ChainId, Rpc]) -> None:
    """Do the three jobs until one fails; its error is raised, the lease given back."""
    log.info("leading", epoch=desk.lease.epoch)
    jobs = [asyncio.ensure_future(job) for job in (_renew(desk), _turn_over(desk), _judge(desk, rpcs))]
    try:
        await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for job in jobs:
            job.cancel()
        ended = await asyncio.gather(*jobs, return_exceptions=True)
        await _release(desk)
    failures = [one for one in ended if isinstance(one, Exception)]
    unexpected = [one for one in failures if not isinstance(one, OrbitalError)]
    raise (unexpected or failures)[0]


async def _renew(desk: Desk) -> None:
    while True:
        await asyncio.sleep(desk.settings.renew_seconds)
        async with transaction(desk.pool) as connection:
            await leases.renew(connection, desk.lease, desk.settings.lease_seconds)


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


async def _release(desk: Desk) -> None:
    """Give the lease back if the database is there to take it; it runs out by itself otherwise."""
    with contextlib.suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(RELEASE_SECONDS), transaction(desk.pool) as connection:
            await leases.release(connection, desk.lease)
