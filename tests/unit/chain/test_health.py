"""A node's health follows from its answers and from time."""

import pytest

from orbital.chain.health import Budget, Circuit, Health


def _failed(times: int, now: float = 0.0) -> Health:
    health = Health()
    for _ in range(times):
        health.fail(now)
    return health


def test_a_circuit_opens_after_three_failures_in_a_row() -> None:
    assert [_failed(times).circuit(0.0) for times in range(4)] == [Circuit.CLOSED] * 3 + [Circuit.OPEN]


def test_an_open_circuit_is_probed_after_its_rest_and_closed_by_an_answer() -> None:
    health = _failed(3)
    assert [health.circuit(now) for now in (0.9, 1.0)] == [Circuit.OPEN, Circuit.HALF_OPEN]
    health.succeed()
    assert health.circuit(1.0) is Circuit.CLOSED


@pytest.mark.parametrize(("failures", "rest"), [(3, 1.0), (4, 2.0), (6, 8.0), (50, 30.0)])
def test_each_failed_probe_doubles_the_rest_up_to_a_limit(failures: int, rest: float) -> None:
    assert _failed(failures, now=7.0).rests_until == 7.0 + rest


def test_a_node_that_asks_to_be_left_alone_is_left_alone_as_long_as_it_says() -> None:
    health = Health()
    health.limit(0.0, 12.0)
    assert [health.is_limited(now) for now in (11.9, 12.0)] == [True, False]
    assert health.circuit(0.0) is Circuit.CLOSED


def test_a_node_that_does_not_say_how_long_is_left_alone_longer_each_time() -> None:
    health, pauses = Health(), []
    for _ in range(4):
        health.limit(0.0, None)
        pauses.append(health.limited_until)
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_nobody_waits_for_ever_because_a_node_says_so() -> None:
    health = Health()
    health.limit(0.0, 1e9)
    assert health.limited_until == 300.0


def test_nodes_are_asked_in_the_order_of_their_health() -> None:
    well, once, blamed, lagging = Health(), _failed(1), Health(), Health(head=90, lag_seconds=60.0)
    blamed.blame(0.0)
    limited = Health()
    limited.limit(0.0, 5.0)
    half_open, open_ = _failed(3, now=-10.0), _failed(5)
    ranks = [one.rank(0.0, None, 0.0) for one in (well, once, blamed, lagging, limited, half_open, open_)]
    assert ranks == sorted(set(ranks))


def test_a_lagging_node_is_as_good_as_others_for_what_it_has() -> None:
    lagging = Health(head=90, lag_seconds=60.0)
    assert [lagging.is_behind(height) for height in (90, 91, None)] == [False, True, True]
    assert not Health(head=90, lag_seconds=12.0).is_behind(None)


def test_a_budget_spends_a_second_at_once_and_then_its_rate() -> None:
    budget = Budget(10.0)
    assert [budget.reserve(5, 1.0), budget.reserve(5, 1.0)] == [0.0, 0.0]
    assert budget.reserve(5, 1.0) == pytest.approx(0.5)
    assert budget.reserve(5, 1.0) == pytest.approx(1.0)
    assert budget.delay(5, 3.0) == 0.0


def test_a_batch_above_the_budget_waits_for_a_full_one_and_is_paid_for_afterwards() -> None:
    budget = Budget(10.0)
    assert budget.reserve(40, 1.0) == 0.0
    assert budget.delay(1, 1.0) == pytest.approx(3.1)
