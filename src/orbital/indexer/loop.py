"""The worker of one chain: wait for the chain's lease, follow the chain while it is held, and again.

Any number of workers may run for a chain; the one that holds the lease writes, the others wait to take over. Workers of
different chains share nothing, so a chain that is away or stopped holds no other one up.
"""

from collections.abc import Coroutine, Sequence
from typing import Any

from orbital.chain.rpc import Rpc
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.indexer import figures, finalize, follow, wake
from orbital.indexer.settings import IndexerSettings
from orbital.indexer.subject import Progress, Subject
from orbital.observe import logging
from orbital.storage import chains, leadership, leases, pool


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

    def follow_chain(lease: leases.Lease) -> list[Coroutine[Any, Any, None]]:
        signal, progress = wake.Signal(settings.silence_seconds), Progress()
        jobs = [
            follow.Follower(subject, lease, progress, signal).run(),
            finalize.Finalizer(subject, lease, progress, signal).run(),
        ]
        return [*jobs, wake.listen(ws_urls, chain_id, signal)] if ws_urls else jobs

    terms = leadership.Terms(
        lease_seconds=settings.lease_seconds,
        renew_seconds=settings.renew_seconds,
        standby_seconds=settings.retry_seconds,
        back_off_seconds=settings.retry_seconds,
    )
    leads = figures.IS_LEADER.labels(subject.label)
    await leadership.lead(database, lease_name(chain_id), terms, follow_chain, log, leads)


def lease_name(chain_id: ChainId) -> str:
    return f"{chains.LEASE_PREFIX}{chain_id}"
