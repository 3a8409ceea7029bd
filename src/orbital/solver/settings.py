"""What solver and relayer must be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SolverSettings:
    """`fee_bps` is what the solver keeps of the input. `poll_seconds`: how often it looks for auctions. `name` and
    `contact` are for its profile, when it has none yet.

    A bid stays good for `bid_seconds` after its auction closes. A transaction that is not mined after
    `receipt_seconds` is taken for lost (a reorg, a restarted node): the chain is read anew and it is sent again.
    """

    fee_bps: int = 2
    name: str = "Orbital reference solver"
    contact: str = ""
    poll_seconds: float = 0.2
    bid_seconds: int = 60
    wait_seconds: int = 20
    step_seconds: float = 0.25
    receipt_seconds: float = 15.0
    back_off_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class RelayerSettings:
    """`poll_seconds`: how often each chain's finalized head is looked at. `range_blocks`: one request's logs.

    What a chain refuses is tried again after `retry_seconds`, then after twice as long, up to `retry_max_seconds`.
    """

    poll_seconds: float = 1.0
    range_blocks: int = 1000
    batch: int = 50
    retry_seconds: float = 1.0
    retry_max_seconds: float = 30.0
    receipt_seconds: float = 15.0
