"""What it means when nodes differ about final blocks: a strict majority of all that are configured is believed.

Pure. Silence counts for nobody, so with two nodes both must say the same. A node that has another block at the height
is heard against what is stored, yet only those that have the very same block can make it be read anew: another hash is
either a reorg, which the follower sees by itself, or a node of which nothing can be believed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from orbital.domain.types import BlockNumber
from orbital.storage.chains import Dispute


class Verdict(Enum):
    """What most nodes say of what is stored; `OPEN` while neither side has a majority."""

    RIGHT = auto()
    WRONG = auto()
    OPEN = auto()


class Code(StrEnum):
    """Words for operators and for the API."""

    NODES_DISAGREE = "nodes_disagree"
    STORED_DIFFERS = "stored_differs"


@dataclass(frozen=True, slots=True)
class Voice:
    """What a node says of a range: `wrong` is the lowest block of which it says something else, None without one.

    `has_block`: it has that block by the hash that is stored, so that only what is in it differs.
    """

    node: str
    wrong: BlockNumber | None = None
    has_block: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """`outvoted` are the nodes that contradict the majority, `dispute` is what to tell unless what is stored is right.

    `doubted` is from where on to read anew when what is stored is wrong.
    """

    verdict: Verdict
    outvoted: tuple[str, ...] = ()
    dispute: Dispute | None = None
    doubted: BlockNumber | None = None


def count(voices: Sequence[Voice], nodes: int) -> Result:
    """The verdict of those that were heard, of so many nodes altogether."""
    agreeing = [one.node for one in voices if one.wrong is None]
    differing = {one.node: one.wrong for one in voices if one.wrong is not None}
    if 2 * len(agreeing) > nodes:
        return Result(Verdict.RIGHT, tuple(differing))
    if not differing:
        return Result(Verdict.OPEN)
    dispute = _dispute(len(agreeing), min(differing.values()), len(differing), nodes)
    doubted = [one.wrong for one in voices if one.wrong is not None and one.has_block]
    if 2 * len(doubted) > nodes:
        return Result(Verdict.WRONG, tuple(agreeing), dispute, min(doubted))
    return Result(Verdict.OPEN, (), dispute)


def _dispute(agreeing: int, number: BlockNumber, differing: int, nodes: int) -> Dispute:
    code = Code.NODES_DISAGREE if agreeing else Code.STORED_DIFFERS
    detail = f"Of {nodes} nodes {agreeing} say what is stored of block {number} and {differing} say something else."
    return Dispute(code, number, detail)
