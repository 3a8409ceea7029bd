"""The indexer's figures."""

from collections.abc import Iterable
from typing import Any, Final

from orbital.chain.adapters.adapter import Watch
from orbital.chain.adapters.malformed import MalformedLog
from orbital.domain.types import Protocol
from orbital.observe import metrics

_CHAIN: Final = ("chain_id",)

HEAD: Final = metrics.gauge("orbital_indexer_head_block", "Head of the chain's node.", _CHAIN)
CHECKPOINT: Final = metrics.gauge("orbital_indexer_checkpoint_block", "Last indexed block.", _CHAIN)
LAG: Final = metrics.gauge("orbital_indexer_lag_blocks", "Blocks between head and checkpoint.", _CHAIN)
LAG_SECONDS: Final = metrics.gauge(
    "orbital_indexer_lag_seconds", "Block time from the last indexed block to the head.", _CHAIN
)
BLOCKS_PER_SECOND: Final = metrics.gauge(
    "orbital_indexer_blocks_per_second", "How fast the head is caught up with, 0 near it.", _CHAIN
)
RETRIES: Final = metrics.counter("orbital_indexer_retries", "Starts over after an outage.", _CHAIN)
IS_OK: Final = metrics.gauge("orbital_indexer_ok", "1 while the chain is followed, 0 otherwise.", _CHAIN)
IS_LEADER: Final = metrics.gauge("orbital_indexer_leader", "1 while this worker holds the chain's lease.", _CHAIN)
IS_ANNOUNCED: Final = metrics.gauge(
    "orbital_indexer_announced", "1 while a node announces heads, 0 while nodes are asked for them.", _CHAIN
)
STREAMS_ENDED: Final = metrics.counter(
    "orbital_indexer_streams_ended", "Subscriptions to heads that ended or were left.", ("chain_id", "node", "reason")
)
VERIFIED: Final = metrics.gauge("orbital_indexer_verified_block", "Last block verified as final.", _CHAIN)
MISMATCHES: Final = metrics.counter(
    "orbital_indexer_mismatches", "Looks at final blocks at which a node did not say what is stored.", _CHAIN
)
OUTVOTED: Final = metrics.counter(
    "orbital_indexer_outvoted",
    "Looks at final blocks at which a node contradicted most of the others.",
    ("chain_id", "node"),
)
IS_DISPUTED: Final = metrics.gauge(
    "orbital_indexer_disputed",
    "1 while nodes contradict what is stored of final blocks, so that none is called so.",
    _CHAIN,
)
REORGS: Final = metrics.counter("orbital_indexer_reorgs", "Rollbacks.", _CHAIN)
FACTS: Final = metrics.counter("orbital_indexer_facts", "Facts new to the ledger.", _CHAIN)
DOUBTS: Final = metrics.counter(
    "orbital_indexer_doubts", "Answers of nodes that do not fit what was asked, or themselves.", ("chain_id", "kind")
)
RANGES_REFUSED: Final = metrics.counter(
    "orbital_indexer_ranges_refused",
    "Ranges of logs that a node refused, which were asked again in parts.",
    ("chain_id", "node", "kind"),
)
ODD_LOGS: Final = metrics.counter(
    "orbital_indexer_odd_logs", "Logs of foreign contracts that are none of their event's.", ("chain_id", "protocol")
)
BATCH_SECONDS: Final = metrics.histogram(
    "orbital_indexer_batch_seconds",
    "From the start of fetching blocks to their commit.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    _CHAIN,
)
BATCH_BLOCKS: Final = metrics.histogram(
    "orbital_indexer_batch_blocks", "Blocks written at once.", (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000), _CHAIN
)
BATCH_LOGS: Final = metrics.histogram(
    "orbital_indexer_batch_logs", "Logs written at once.", (0, 1, 10, 100, 1000, 2500, 5000, 10000, 25000), _CHAIN
)

_OF_THE_LEADER: Final = (
    HEAD, CHECKPOINT, LAG, LAG_SECONDS, BLOCKS_PER_SECOND, IS_OK, IS_ANNOUNCED, VERIFIED, IS_DISPUTED
)  # fmt: skip
"""Gauges that say how a chain is, which whoever does not lead it does not know."""


def forget(chain_id: str) -> None:
    """Show no more how a chain is: another worker follows it now, if any."""
    for one in _OF_THE_LEADER:
        one.remove(chain_id)


def count_odd(log: Any, chain_id: str, odd: Iterable[tuple[Watch, MalformedLog]]) -> None:
    """Count the logs of foreign contracts that were passed over, and name the first of each protocol."""
    named: set[Protocol] = set()
    for watch, malformed in odd:
        protocol = watch.adapter.protocol
        ODD_LOGS.labels(chain_id, protocol).inc()
        if protocol not in named:
            named.add(protocol)
            log.warning("odd log", protocol=protocol, detail=malformed.detail)
