"""The worker of one chain: wait for the chain's lease, follow the chain while it is held, and again.

Any number of workers may run for a chain; the one that holds the lease writes, the others wait to take over. Workers of
different chains share nothing, so a chain that is away or stopped holds no other one up.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Sequence

from orbital.chain.rpc import Rpc
from orbital.domain.errors import Conflict, Unavailable
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.indexer import figures, finalize, follow, wake
from orbital.indexer.settings import IndexerSettings
from orbital.indexer.subject import Progress, Subject
from orbital.observe import logging
from orbital.storage import chains, leases, pool

_RELEASE_SECONDS = 2.0


async def run(
    database: pool.Pool,
    rpc: Rpc,
    ws_urls: Sequence[str],
    network: Network,
    chain_id: ChainId,
    settings: IndexerSettings,
) -> None:
    """Index one chain until cancelled. Rejected when the network has no such chain; everything else is lived through.

    `ws_urls` is where heads are announced, in order of preference; without any nodes are asked often.
    """
    log = logging.get_logger("indexer").bind(chain_id=chain_id)
    subject = Subject(database, rpc, network, chain_id, settings)
    leads = figures.IS_LEADER.labels(subject.label)
    leads.set(0)
    while True:
        lease = await _take_lease(database, chain_id, settings)
        log.info("leading", epoch=lease.epoch)
        leads.set(1)
        try:
            await _lead(subject, lease, ws_urls)
        except* Conflict as group:
            if any(error.code != "lease_lost" for error in _leaves(group)):
                raise
            log.warning("lease lost", epoch=lease.epoch)
        finally:
            leads.set(0)
            figures.forget(subject.label)
            await _release(database, lease)


def lease_name(chain_id: ChainId) -> str:
    return f"{chains.LEASE_PREFIX}{chain_id}"


async def _lead(subject: Subject, lease: leases.Lease, ws_urls: Sequence[str]) -> None:
    signal, progress = wake.Signal(subject.settings.silence_seconds), Progress()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_renew(subject.database, lease, subject.settings))
        if ws_urls:
            tasks.create_task(wake.listen(ws_urls, subject.chain_id, signal))
        tasks.create_task(follow.Follower(subject, lease, progress, signal).run())
        tasks.create_task(finalize.Finalizer(subject, lease, progress, signal).run())


async def _take_lease(database: pool.Pool, chain_id: ChainId, settings: IndexerSettings) -> leases.Lease:
    """Wait until the lease is ours, through outages of the database. Who leads meanwhile is said once."""
    log = logging.get_logger("indexer").bind(chain_id=chain_id)
    name, holder = lease_name(chain_id), f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    leader: str | None = None
    is_away = False
    while True:
        try:
            async with pool.acquire(database) as connection:
                lease = await leases.acquire(connection, name, holder, settings.lease_seconds)
                if lease is not None:
                    return lease
                now = await leases.find_holder(connection, name)
            if now != leader:
                log.info("standing by", leader=now)
            leader, is_away = now, False
        except Unavailable as error:
            if not is_away:
                log.warning("waiting for the database", detail=error.detail)
            is_away = True
        await asyncio.sleep(settings.retry_seconds)


async def _renew(database: pool.Pool, lease: leases.Lease, settings: IndexerSettings) -> None:
    """Keep the lease. While the database is away nobody can take it; Conflict once somebody has."""
    while True:
        await asyncio.sleep(settings.renew_seconds)
        with contextlib.suppress(Unavailable):
            async with pool.acquire(database) as connection:
                await leases.renew(connection, lease, settings.lease_seconds)


async def _release(database: pool.Pool, lease: leases.Lease) -> None:
    """Let the next worker start at once; when the database is away the lease runs out by itself."""
    with contextlib.suppress(Unavailable, TimeoutError):
        async with asyncio.timeout(_RELEASE_SECONDS), pool.acquire(database) as connection:
            await leases.release(connection, lease)


def _leaves(group: BaseExceptionGroup[Conflict]) -> list[Conflict]:
    found: list[Conflict] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found
