"""Who is believed about final blocks."""

from orbital.domain.types import BlockNumber
from orbital.indexer import ballot
from orbital.indexer.ballot import Verdict, Voice

YES = (Voice("a"), Voice("b"), Voice("c"))
NO = tuple(Voice(node, BlockNumber(number), has_block=True) for node, number in (("a", 7), ("b", 8), ("c", 6)))
OTHER_HASH = Voice("c", BlockNumber(5))


def test_most_nodes_are_believed_and_the_others_are_outvoted() -> None:
    assert ballot.count([YES[0], YES[1], NO[2]], 3) == ballot.Result(Verdict.RIGHT, ("c",))
    found = ballot.count([YES[0], NO[1], NO[2]], 3)
    assert (found.verdict, found.outvoted, found.doubted) == (Verdict.WRONG, ("a",), 6)


def test_the_only_node_is_believed() -> None:
    assert ballot.count([YES[0]], 1).verdict is Verdict.RIGHT
    assert ballot.count([NO[0]], 1).doubted == 7


def test_two_nodes_that_contradict_each_other_leave_it_open() -> None:
    found = ballot.count([YES[0], NO[1]], 2)
    assert (found.verdict, found.outvoted, found.doubted) == (Verdict.OPEN, (), None)
    assert found.dispute is not None
    assert (found.dispute.code, found.dispute.number) == ("nodes_disagree", 8)
    assert found.dispute.detail == "Of 2 nodes 1 say what is stored of block 8 and 1 say something else."


def test_silence_counts_for_nobody() -> None:
    assert ballot.count([], 3) == ballot.Result(Verdict.OPEN)
    assert ballot.count([YES[0]], 2) == ballot.Result(Verdict.OPEN)
    assert ballot.count([YES[0], NO[1]], 3).verdict is Verdict.OPEN
    assert ballot.count([YES[0], YES[1]], 4).verdict is Verdict.OPEN


def test_another_hash_is_heard_but_makes_nothing_be_read_anew() -> None:
    found = ballot.count([NO[0], NO[1], OTHER_HASH], 4)
    assert (found.verdict, found.doubted) == (Verdict.OPEN, None)
    assert found.dispute is not None
    assert (found.dispute.code, found.dispute.number) == ("stored_differs", 5)
    assert ballot.count([NO[0], NO[1], OTHER_HASH], 3).doubted == 7
    assert ballot.count([YES[0], YES[1], OTHER_HASH], 3).outvoted == ("c",)
