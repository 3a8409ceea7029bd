"""Values for tests of the domain: an intent, and facts about it."""

import dataclasses

import pytest

from orbital.domain import evidence, facts, lifecycle
from orbital.domain.intent import Intent
from orbital.domain.types import Address, Amount, BlockNumber, ChainId, Hash32, IntentId, UnixSeconds

ORIGIN, DESTINATION = ChainId(1), ChainId(10)
INTENT_ID = IntentId(b"\x11" * 32)


def address(number: int) -> Address:
    return Address(bytes([number]) * 20)


SETTLERS = {ORIGIN: address(1), DESTINATION: address(2)}
INTENT = Intent(
    user=address(3),
    recipient=address(4),
    origin_chain_id=ORIGIN,
    destination_chain_id=DESTINATION,
    input_token=address(5),
    input_amount=Amount(1000),
    output_token=address(6),
    min_output_amount=Amount(900),
    nonce=1,
    open_deadline=UnixSeconds(1_000),
    fill_deadline=UnixSeconds(2_000),
    auctioneer=address(7),
)
SOLVER, RIVAL = address(8), address(9)


class Case:
    """Facts about one intent; a chain fact is placed by its block number."""

    intent, intent_id, solver, rival = INTENT, INTENT_ID, SOLVER, RIVAL
    origin, destination, settlers = ORIGIN, DESTINATION, SETTLERS
    rules = evidence.Rules(SETTLERS, 30)
    address = staticmethod(address)

    def off_chain(self, event: facts.Event, timestamp: int = 500) -> facts.Fact:
        return facts.Fact(INTENT_ID, event, None, UnixSeconds(timestamp))

    def on_chain(
        self,
        event: facts.Event,
        chain_id: ChainId = ORIGIN,
        number: int = 5,
        log_index: int = 0,
        intent_id: IntentId | None = INTENT_ID,
    ) -> facts.Fact:
        tx_hash = None if log_index < 0 else Hash32(bytes([number, log_index]) * 16)
        position = facts.Position(chain_id, BlockNumber(number), log_index, Hash32(bytes([number]) * 32), tx_hash)
        return facts.Fact(intent_id, event, position, UnixSeconds(600 + number))

    @property
    def submitted(self) -> facts.Fact:
        return self.off_chain(facts.IntentSubmitted(INTENT))

    @property
    def opened(self) -> facts.Fact:
        return self.on_chain(facts.IntentOpened(INTENT, SOLVER, Amount(950)))

    @property
    def settled(self) -> facts.Fact:
        return self.on_chain(facts.IntentSettled(SOLVER, SOLVER, INTENT.input_token, INTENT.input_amount), number=8)

    @property
    def refunded(self) -> facts.Fact:
        return self.on_chain(facts.IntentRefunded(INTENT.user, INTENT.input_token, INTENT.input_amount), number=9)

    @property
    def cancelled(self) -> facts.Fact:
        return self.off_chain(facts.IntentCancelled(INTENT.user), 550)

    @property
    def invalidated(self) -> facts.Fact:
        return self.on_chain(facts.NonceInvalidated(INTENT.user, INTENT.nonce), number=4, intent_id=None)

    def filled(self, number: int = 6, chain_id: ChainId = DESTINATION, **changes: object) -> facts.Fact:
        event = facts.IntentFilled(
            SETTLERS[DESTINATION], SOLVER, INTENT.recipient, INTENT.output_token, Amount(950), ORIGIN, SOLVER
        )
        return self.on_chain(dataclasses.replace(event, **changes), chain_id, number)

    def awarded(self, round_: int = 1, solver: Address = SOLVER) -> facts.Fact:
        return self.off_chain(facts.IntentAwarded(round_, solver, Amount(950), UnixSeconds(700), UnixSeconds(800)))

    def passed(self, which: str, round_: int = 0, number: int = 20) -> facts.Fact:
        deadline = facts.Deadline(which)
        chain_id = ORIGIN if which.startswith("open") else DESTINATION
        return self.on_chain(facts.DeadlinePassed(deadline, round_), chain_id, number, -1)

    def lapsed(self, round_: int = 1, fault: str = "solver", solver: Address = SOLVER) -> facts.Fact:
        return self.off_chain(facts.AwardLapsed(round_, solver, facts.Fault(fault)), 720)

    def fold(self, *told: facts.Fact) -> lifecycle.State:
        return lifecycle.fold(INTENT_ID, told, self.rules)


@pytest.fixture(scope="session")
def case() -> Case:
    return Case()
