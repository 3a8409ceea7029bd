"""The indexer's figures."""

from typing import Final

from orbital.observe import metrics

_CHAIN: Final = ("chain_id",)

HEAD: Final = metrics.gauge("orbital_indexer_head_block", "Head of the chain's node.", _CHAIN)
CHECKPOINT: Final = metrics.gauge("orbital_indexer_checkpoint_block", "Last indexed block.", _CHAIN)
LAG: Final = metrics.gauge("orbital_indexer_lag_blocks", "Blocks between head and checkpoint.", _CHAIN)
IS_OK: Final = metrics.gauge("orbital_indexer_ok", "1 while the chain is followed, 0 otherwise.", _CHAIN)
IS_LEADER: Final = metrics.gauge("orbital_indexer_leader", "1 while this worker holds the chain's lease.", _CHAIN)
REORGS: Final = metrics.counter("orbital_indexer_reorgs", "Rollbacks.", _CHAIN)
FACTS: Final = metrics.counter("orbital_indexer_facts", "Facts new to the ledger.", _CHAIN)
BATCH_SECONDS: Final = metrics.histogram(
    "orbital_indexer_batch_seconds",
    "From the start of fetching blocks to their commit.",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    _CHAIN,
)
