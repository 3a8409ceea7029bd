"""The nodes' figures, by chain and host."""

from typing import Final

from orbital.observe import metrics

_NODE: Final = ("chain_id", "node")

REQUESTS: Final = metrics.counter("orbital_node_requests", "Requests sent to a node.", _NODE)
FAILURES: Final = metrics.counter(
    "orbital_node_failures", "Requests that a node gave no usable answer to.", (*_NODE, "kind")
)
BUDGET_SECONDS: Final = metrics.counter(
    "orbital_node_budget_seconds", "How long requests to a node were held back by its budget.", _NODE
)
IS_WELL: Final = metrics.gauge("orbital_node_ok", "1 while a node is asked, 0 while its circuit is open.", _NODE)
LAG_SECONDS: Final = metrics.gauge(
    "orbital_node_lag_seconds", "Block time that a node's head is behind that of the best node.", _NODE
)
