"""What an intent must satisfy, and in which order it is told."""

import dataclasses

import pytest

from orbital.domain import intake
from orbital.domain.errors import Conflict, Forbidden, Rejected
from orbital.domain.network import Chain, Network, Token
from orbital.domain.types import ZERO_ADDRESS

NOW = 900


def chain(chain_id, settler, token):
    taken = Token(chain_id, token, "TKN", "Token", 6, "TKN")
    return Chain(chain_id, "chain", chain_id, settler, ZERO_ADDRESS, 0, "latest", 60, (taken,))


@pytest.fixture
def network(case):
    chains = [
        chain(case.origin, case.settlers[case.origin], case.intent.input_token),
        chain(case.destination, case.settlers[case.destination], case.intent.output_token),
    ]
    return Network(
        chains={one.chain_id: one for one in chains},
        registry_chain_id=case.origin,
        registry=ZERO_ADDRESS,
        auctioneer=case.intent.auctioneer,
        refund_delay_seconds=30,
        min_bond_wei=1,
    )


def test_a_good_intent_is_taken(case, network):
    intake.validate_terms(case.intent, network, NOW)
    intake.validate_parties(case.intent, frozenset())


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"input_amount": 0}, "invalid_amount", "/intent/input_amount"),
        ({"min_output_amount": 0}, "invalid_amount", "/intent/min_output_amount"),
        ({"recipient": ZERO_ADDRESS}, "invalid_address", "/intent/recipient"),
        ({"recipient": b"\x02" * 20}, "invalid_address", "/intent/recipient"),
        ({"destination_chain_id": 5}, "unsupported_chain", "/intent/destination_chain_id"),
        ({"destination_chain_id": 1}, "same_chain", "/intent/destination_chain_id"),
        ({"input_token": b"\x99" * 20}, "unsupported_token", "/intent/input_token"),
        ({"output_token": b"\x05" * 20}, "unsupported_token", "/intent/output_token"),
        ({"open_deadline": NOW + 59}, "deadline_out_of_range", "/intent/open_deadline"),
        ({"open_deadline": NOW + 30 * 86400 + 1}, "deadline_out_of_range", "/intent/open_deadline"),
        ({"fill_deadline": 1_000}, "deadline_out_of_range", "/intent/fill_deadline"),
        ({"fill_deadline": 1_000 + 86400 + 1}, "deadline_out_of_range", "/intent/fill_deadline"),
        ({"auctioneer": ZERO_ADDRESS}, "unknown_auctioneer", "/intent/auctioneer"),
    ],
)
def test_each_fault_has_its_code_and_place(case, network, change, code, pointer):
    with pytest.raises(Rejected) as caught:
        intake.validate_terms(dataclasses.replace(case.intent, **change), network, NOW)
    assert (caught.value.code, caught.value.fields[0].pointer) == (code, pointer)


def test_of_several_faults_the_first_is_told(case, network):
    faulty = dataclasses.replace(case.intent, auctioneer=ZERO_ADDRESS, open_deadline=0, input_amount=0)
    with pytest.raises(Rejected, match="invalid_amount"):
        intake.validate_terms(faulty, network, NOW)


@pytest.mark.parametrize("ahead", [60, 30 * 86400])
def test_the_bounds_of_the_open_deadline_are_inclusive(case, network, ahead):
    intent = dataclasses.replace(case.intent, open_deadline=NOW + ahead, fill_deadline=NOW + ahead + 86400)
    intake.validate_terms(intent, network, NOW)


def test_deadlines_count_from_the_time_that_is_given(case, network):
    with pytest.raises(Rejected, match="deadline_out_of_range"):
        intake.validate_terms(case.intent, network, 941)


def test_fixed_terms_are_all_but_the_deadlines(case, network):
    late = dataclasses.replace(case.intent, open_deadline=0)
    intake.validate_fixed_terms(late, network)
    with pytest.raises(Rejected, match="unknown_auctioneer"):
        intake.validate_fixed_terms(dataclasses.replace(late, auctioneer=ZERO_ADDRESS), network)


@pytest.mark.parametrize("party", ["user", "recipient"])
def test_denied_parties_are_refused(case, party):
    denied = frozenset({getattr(case.intent, party)})
    with pytest.raises(Forbidden, match="denied"):
        intake.validate_parties(case.intent, denied)


def test_the_hundred_and_first_live_intent_is_refused():
    intake.validate_load(99)
    with pytest.raises(Conflict, match="too_many_live_intents"):
        intake.validate_load(100)


def test_funds_must_cover_all_live_inputs(case):
    intake.validate_funds(case.intent, 500, 1_500, 1_500)
    with pytest.raises(Rejected, match="insufficient_balance"):
        intake.validate_funds(case.intent, 500, 1_499, 1_500)
    with pytest.raises(Rejected, match="insufficient_allowance"):
        intake.validate_funds(case.intent, 500, 1_500, 1_499)
