"""Who wins a round, why the others lost, and who must sit out."""

import random

import pytest

from orbital.domain import auction
from orbital.domain.intent import Bid
from orbital.domain.types import Address, Amount, IntentId, UnixSeconds

MINIMUM, CLOSE = Amount(1_000), UnixSeconds(100)
HOUR = 3600


def solver(number: int) -> Address:
    return Address(bytes([number]) * 20)


def bid(seq: int, who: int, amount: int, valid_until: int = 1_000) -> auction.Unscored:
    return auction.Unscored(seq, Bid(IntentId(bytes(32)), solver(who), Amount(amount), UnixSeconds(valid_until)))


def standing(who: int, reputation: int = 5_000, refusal: auction.Refusal | None = None) -> auction.Standing:
    return auction.Standing(solver(who), reputation, refusal)


def decide(bids, *standings: auction.Standing):
    return auction.decide(bids, standings, MINIMUM, CLOSE)


def test_auction_without_bids_has_no_winner():
    assert decide([], standing(1)).winner is None


def test_the_highest_output_wins_among_equals():
    outcome = decide([bid(1, 1, 1_000), bid(2, 2, 1_001)], standing(1), standing(2))
    assert [(one.rank, one.scored.bid.solver) for one in outcome.ranked] == [(1, solver(2)), (2, solver(1))]


@pytest.mark.parametrize(("extra", "winner"), [(49, 1), (50, 2), (51, 2)])
def test_the_best_record_outweighs_up_to_fifty_bps(extra, winner):
    """10 000 against 0: weights 1 000 000 and 995 000, so that the other needs 1/0.995 as much."""
    best, new = bid(1, 1, 1_000_000), bid(2, 2, 1_000_000 + extra * 100 + 26)
    assert decide([best, new], standing(1, 10_000), standing(2, 0)).winner.bid.solver == solver(winner)


def test_ties_go_to_the_larger_output_then_to_the_earlier_bid():
    one, two = bid(2, 1, 1_990_000), bid(1, 2, 2_000_000)
    outcome = decide([one, two], standing(1, 10_000), standing(2, 0))
    assert [one.scored.score for one in outcome.ranked] == [1_990_000 * 10**6, 2_000_000 * 995_000]
    assert outcome.winner.bid.solver == solver(2)
    assert decide([bid(2, 1, 5_000), bid(1, 2, 5_000)], standing(1), standing(2)).winner.bid.solver == solver(2)


def test_the_last_bid_of_a_solver_counts_even_if_it_is_lower():
    outcome = decide([bid(1, 1, 2_000), bid(2, 1, 1_500), bid(3, 2, 1_600)], standing(1), standing(2))
    assert outcome.winner.bid.solver == solver(2)
    assert [(one.seq, why) for one, why in outcome.refused] == [(1, auction.Loss.REPLACED)]


@pytest.mark.parametrize(
    ("entry", "refusal", "why"),
    [
        (bid(1, 1, 999), None, "bid_too_low"),
        (bid(1, 1, 1_000, valid_until=99), None, "bid_expired"),
        (bid(1, 1, 1_000), auction.Refusal.BENCHED, "benched"),
        (bid(1, 9, 1_000), None, "not_eligible"),
    ],
)
def test_a_refused_bid_says_why(entry, refusal, why):
    outcome = decide([entry], standing(1, refusal=refusal))
    assert outcome.winner is None
    assert outcome.refused == ((entry, why),)


def test_the_order_in_which_bids_are_given_does_not_matter():
    chance = random.Random(1)
    bids = [bid(seq, chance.randrange(1, 6), chance.randrange(990, 1_010)) for seq in range(40)]
    standings = [standing(who, chance.randrange(10_001)) for who in range(1, 5)]
    outcome = decide(bids, *standings)
    chance.shuffle(bids)
    assert decide(bids, *reversed(standings)) == outcome


def test_large_amounts_are_not_rounded():
    most = 2**256 - 1
    outcome = decide([bid(1, 1, most - 1), bid(2, 2, most)], standing(1), standing(2))
    assert outcome.winner.score == most * 997_500


def test_two_lapses_bench_nobody_and_three_do():
    assert auction.benched_until([0, HOUR]) is None
    assert auction.benched_until([2 * HOUR, 0, HOUR]) == 2 * HOUR + 900


def test_lapses_of_more_than_a_day_do_not_bench():
    assert auction.benched_until([0, HOUR, 24 * HOUR]) is None


def test_a_second_bench_within_a_day_is_twice_as_long():
    lapses = [hour * HOUR for hour in range(6)]
    assert auction.benched_until(lapses) == 5 * HOUR + 1800
