"""Which logs become facts, and which are nobody's business."""

import dataclasses

import pytest

from orbital.chain.adapters import orbital
from orbital.chain.adapters.adapter import Watch
from orbital.chain.blocks import Header, Log
from orbital.domain.errors import Corrupt, Rejected
from orbital.domain.network import Chain, Network
from orbital.domain.types import Address, Hash32
from orbital.indexer import match

HOME, AWAY = 1, 10
SETTLER, MAILBOX, REGISTRY = (Address(bytes([number]) * 20) for number in (1, 2, 3))
BLOCK = Hash32(b"\x0b" * 32)
TOPIC = {event.name: event.topic for event in orbital.EVENTS.values()}
HEADERS = [Header(7, BLOCK, Hash32(bytes(32)), 1_234, b"")]


def chain(chain_id):
    return Chain(chain_id, str(chain_id), chain_id, SETTLER, MAILBOX, 0, "latest", 60, ())


NETWORK = Network({HOME: chain(HOME), AWAY: chain(AWAY)}, HOME, REGISTRY, Address(bytes(20)), 30, 1)


def invalidated(emitter=SETTLER, log_index=0, block_hash=BLOCK, user=9):
    topics = (TOPIC["NonceInvalidated"], Hash32(bytes(12) + bytes([user]) * 20))
    return Log(emitter, topics, (5).to_bytes(32), 7, block_hash, Hash32(b"\x0c" * 32), log_index)


def registered(emitter=REGISTRY):
    topics = (TOPIC["SolverRegistered"], Hash32(bytes(12) + b"\x09" * 20))
    return Log(emitter, topics, (5).to_bytes(32), 7, BLOCK, Hash32(b"\x0c" * 32), 1)


def names(chain_id, *logs: Log):
    return [one.name for one in match.match_logs(chain_id, match.sources_of(NETWORK, chain_id), HEADERS, logs).facts]


def test_a_fact_has_its_place_and_the_blocks_time():
    (fact,) = match.match_logs(HOME, match.sources_of(NETWORK, HOME), HEADERS, [invalidated()]).facts
    assert (fact.timestamp, fact.event.user, fact.event.nonce) == (1_234, b"\x09" * 20, 5)
    assert (fact.position.chain_id, fact.position.block_number, fact.position.block_hash) == (HOME, 7, BLOCK)


def test_the_registry_is_heard_at_home_only():
    assert names(HOME, registered()) == ["SolverRegistered"]
    assert names(AWAY, registered()) == []
    assert REGISTRY not in match.sources_of(NETWORK, AWAY).addresses


def test_a_contract_is_heard_for_its_own_events_only():
    assert names(HOME, invalidated(emitter=MAILBOX), registered(emitter=SETTLER)) == []


def test_strangers_are_not_heard():
    assert names(HOME, invalidated(emitter=Address(b"\x77" * 20))) == []


def test_logs_without_topics_or_of_unknown_events_are_passed_over():
    anonymous = Log(SETTLER, (), b"", 7, BLOCK, Hash32(bytes(32)), 0)
    unknown = Log(SETTLER, (Hash32(b"\x01" * 32),), b"", 7, BLOCK, Hash32(bytes(32)), 0)
    assert names(HOME, anonymous, unknown) == []


def test_a_contract_is_heard_in_its_own_blocks_only():
    watch = Watch(orbital.ADAPTER, SETTLER, orbital.SETTLER_EVENTS, 5, 6)
    later = dataclasses.replace(watch, first_block=8, last_block=None)
    for watches, heard in (([watch], 0), ([later], 0), ([dataclasses.replace(watch, last_block=7)], 1)):
        matched = match.match_logs(HOME, match.listen(watches), HEADERS, [invalidated()])
        assert len(matched.facts) == heard


def test_a_log_with_two_meanings_is_refused():
    watch = Watch(orbital.ADAPTER, SETTLER, orbital.SETTLER_EVENTS, 5, 6)
    match.listen([watch, dataclasses.replace(watch, first_block=7, last_block=None)])
    for first in (5, 6):
        with pytest.raises(Rejected, match="invalid_contracts"):
            match.listen([dataclasses.replace(watch, first_block=first, last_block=None), watch])


def test_facts_come_in_chain_order():
    matched = match.match_logs(
        HOME, match.sources_of(NETWORK, HOME), HEADERS, [invalidated(log_index=3), invalidated(log_index=2)]
    )
    assert [one.position.log_index for one in matched.facts] == [2, 3]


def test_a_log_of_another_block_is_refused():
    with pytest.raises(Corrupt, match="foreign_log"):
        names(HOME, invalidated(block_hash=Hash32(b"\x0d" * 32)))


def test_a_malformed_log_of_a_configured_contract_is_refused():
    log = Log(SETTLER, (TOPIC["NonceInvalidated"],), b"", 7, BLOCK, Hash32(bytes(32)), 0)
    with pytest.raises(Corrupt, match="malformed_log"):
        names(HOME, log)
