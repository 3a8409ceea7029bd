"""What a look at the heads says is safe and final: by the chain's own tags, or by depth where those mean nothing.

Tags that read 0 or are above the head say nothing. That none goes back is kept where they are stored.
"""

from orbital.chain.rpc import Heads
from orbital.domain.types import BlockNumber
from orbital.storage import chains


def read(heads: Heads, confirmations: int | None) -> chains.Heads:
    """The heads to store. With `confirmations` the block that has so many on top of it is safe and final."""
    latest = heads.latest
    if confirmations is not None:
        deep = _believed(latest.number - confirmations, latest.number)
        return chains.Heads(latest.number, latest.timestamp, deep, deep)
    safe, final = (
        None if tag is None else _believed(tag.number, latest.number) for tag in (heads.safe, heads.finalized)
    )
    return chains.Heads(latest.number, latest.timestamp, safe, final)


def _believed(number: int, latest: BlockNumber) -> BlockNumber | None:
    return BlockNumber(number) if 0 < number <= latest else None
