"""Across events against eth-abi's encoder: what was encoded is what is told, in both forms and whatever the message."""

import dataclasses
import typing

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orbital.chain import blocks, keccak
from orbital.chain.adapters import across, adapter, known
from orbital.chain.adapters.malformed import MalformedLog
from orbital.domain import foreign_facts
from orbital.domain.types import Address, BlockNumber, ChainId, Hash32, Protocol

EVENTS = {event.name: event for one in (across.CURRENT, across.LEGACY) for event in one.events}
TOPICS = {
    "FundsDeposited": "32ed1a409ef04c7b0227189c3a103dc5ac10e775a15b785dcc510201f7c25ad3",
    "FilledRelay": "44b559f101f8fbcc8a0ea43fa91a05a729a5ea6e14a7c75aa750374690137208",
    "V3FundsDeposited": "a123dc29aebf7d0c3322c8eeb5b999e859f39937950ed31056532713d0de396f",
    "FilledV3Relay": "571749edf1d5c9599318cdbc4e28a6475d65e87fd3b2ddbe1e9a8d5e7a0f0ff7",
}
ORIGIN, DESTINATION = ChainId(7), ChainId(8)
TUPLE = (
    "(bytes32,bytes32,bytes32,bytes32,bytes32,uint256,uint256,uint256,uint256,uint32,uint32,bytes32)"  # with the hash
)

uint256 = st.integers(0, 2**256 - 1) | st.sampled_from([0, 1, 2**256 - 1])
uint32 = st.integers(0, 2**32 - 1)
address = st.binary(min_size=20, max_size=20).map(lambda one: one.rjust(32, b"\0"))
account = address | st.binary(min_size=32, max_size=32)


@dataclasses.dataclass
class Relay:
    """Terms with accounts as 32 bytes, and what became of them."""

    depositor: bytes
    recipient: bytes
    exclusive_relayer: bytes
    input_token: bytes
    output_token: bytes
    input_amount: int
    output_amount: int
    deposit_id: int
    fill_deadline: int
    exclusivity_deadline: int
    message: bytes
    relayer: bytes
    updated_recipient: bytes
    updated_message: bytes
    updated_output_amount: int

    @property
    def intent_id(self) -> bytes:
        terms = (self.depositor, self.recipient, self.exclusive_relayer, self.input_token, self.output_token)
        numbers = (self.input_amount, self.output_amount, ORIGIN, self.deposit_id)
        times = (self.fill_deadline, self.exclusivity_deadline)
        relay = (*terms, *numbers, *times, across.hash_message(self.message))
        return keccak.keccak256(eth_abi.encode([TUPLE, "uint256"], [relay, DESTINATION]))


def relays(accounts: st.SearchStrategy[bytes], deposit_ids: st.SearchStrategy[int]) -> st.SearchStrategy[Relay]:
    message = st.binary(max_size=100)
    terms = [accounts] * 5 + [uint256, uint256, deposit_ids, uint32, uint32, message]
    return st.builds(Relay, *terms, accounts, accounts, message, uint256)


def log(event: str, topics: list[tuple[str, typing.Any]], data: list[tuple[str, typing.Any]]) -> blocks.Log:
    words = [Hash32(eth_abi.encode([kind], [value])) for kind, value in topics]
    body = eth_abi.encode([kind for kind, _ in data], [value for _, value in data])
    topic0 = Hash32(bytes.fromhex(TOPICS[event]))
    place = (BlockNumber(9), Hash32(b"\xb1" * 32), Hash32(b"\x7c" * 32), 3)
    return blocks.Log(Address(b"\xe0" * 20), (topic0, *words), body, *place)


def encode_deposit(relay: Relay, *, legacy: bool = False, destination: int = DESTINATION) -> blocks.Log:
    kind = "address" if legacy else "bytes32"
    narrow = (lambda one: one[12:]) if legacy else (lambda one: one)
    name, number = ("V3FundsDeposited", "uint32") if legacy else ("FundsDeposited", "uint256")
    topics = [("uint256", destination), (number, relay.deposit_id), (kind, narrow(relay.depositor))]
    data = [(kind, narrow(relay.input_token)), (kind, narrow(relay.output_token))]
    data += [("uint256", relay.input_amount), ("uint256", relay.output_amount), ("uint32", 1_700_000_000)]
    data += [("uint32", relay.fill_deadline), ("uint32", relay.exclusivity_deadline)]
    data += [(kind, narrow(relay.recipient)), (kind, narrow(relay.exclusive_relayer)), ("bytes", relay.message)]
    return log(name, topics, data)


def encode_fill(relay: Relay, *, legacy: bool = False) -> blocks.Log:
    kind = "address" if legacy else "bytes32"
    narrow = (lambda one: one[12:]) if legacy else (lambda one: one)
    name, number = ("FilledV3Relay", "uint32") if legacy else ("FilledRelay", "uint256")
    told = (lambda one: one) if legacy else across.hash_message
    message = "bytes" if legacy else "bytes32"
    topics = [("uint256", ORIGIN), (number, relay.deposit_id), (kind, narrow(relay.relayer))]
    data = [(kind, narrow(relay.input_token)), (kind, narrow(relay.output_token))]
    data += [("uint256", relay.input_amount), ("uint256", relay.output_amount), ("uint256", DESTINATION)]
    data += [("uint32", relay.fill_deadline), ("uint32", relay.exclusivity_deadline)]
    data += [(kind, narrow(one)) for one in (relay.exclusive_relayer, relay.depositor, relay.recipient)]
    execution = (narrow(relay.updated_recipient), told(relay.updated_message), relay.updated_output_amount, 1)
    data += [(message, told(relay.message)), (f"({kind},{message},uint256,uint8)", execution)]
    return log(name, topics, data)


def decode(chain_id: ChainId, one: blocks.Log) -> tuple[bytes, typing.Any]:
    (event,) = [event for event in EVENTS.values() if event.topic == one.topics[0]]
    intent_id, what = event.decode(chain_id, one)
    assert intent_id is not None
    return intent_id, what


def short(word: bytes) -> bytes:
    return word[12:] if word[:12] == bytes(12) else word


def assert_told(relay: Relay, deposited: blocks.Log, filled: blocks.Log) -> None:
    wanted = foreign_facts.ForeignIntent(
        Protocol.ACROSS,
        str(relay.deposit_id),
        short(relay.depositor),
        short(relay.recipient),
        ORIGIN,
        DESTINATION,
        short(relay.input_token),
        relay.input_amount,
        short(relay.output_token),
        relay.output_amount,
        relay.fill_deadline,
    )
    assert decode(ORIGIN, deposited) == (relay.intent_id, foreign_facts.ForeignOpened(wanted))
    assert decode(DESTINATION, filled) == (
        relay.intent_id,
        foreign_facts.ForeignFilled(
            Protocol.ACROSS,
            str(relay.deposit_id),
            short(relay.relayer),
            short(relay.updated_recipient),
            short(relay.output_token),
            relay.updated_output_amount,
            ORIGIN,
        ),
    )


@settings(max_examples=40, deadline=None)
@given(relay=relays(account, uint256))
def test_both_sides_of_the_current_form_tell_the_same_id(relay: Relay) -> None:
    assert_told(relay, encode_deposit(relay), encode_fill(relay))


@settings(max_examples=40, deadline=None)
@given(relay=relays(address, uint32), legacy_deposit=st.booleans(), legacy_fill=st.booleans())
def test_both_forms_tell_the_same_id(relay: Relay, *, legacy_deposit: bool, legacy_fill: bool) -> None:
    assert_told(relay, encode_deposit(relay, legacy=legacy_deposit), encode_fill(relay, legacy=legacy_fill))


@settings(max_examples=40, deadline=None)
@given(
    relay=relays(address, uint32),
    data=st.data(),
    encode=st.sampled_from([encode_deposit, encode_fill]),
    legacy=st.booleans(),
)
def test_a_spoiled_log_is_malformed_or_tells_something_else(
    relay: Relay, data: st.DataObject, encode: typing.Callable[..., blocks.Log], *, legacy: bool
) -> None:
    """No byte is unread: whatever is changed, cut off or added is refused or seen."""
    good = encode(relay, legacy=legacy)
    place = data.draw(st.integers(0, len(good.data) - 1))
    flipped = good.data[:place] + bytes([good.data[place] ^ data.draw(st.integers(1, 255))]) + good.data[place + 1 :]
    with pytest.raises(MalformedLog):
        decode(ORIGIN, blocks.Log(good.address, good.topics, good.data[:place], *rest(good)))
    with pytest.raises(MalformedLog):
        decode(ORIGIN, blocks.Log(good.address, good.topics, good.data + bytes(place + 1), *rest(good)))
    try:
        told = decode(ORIGIN, blocks.Log(good.address, good.topics, flipped, *rest(good)))
    except MalformedLog:
        return
    unread = ("quoteTimestamp", "repaymentChainId", "updatedMessage", "fillType")
    assert told != decode(ORIGIN, good) or field_of(good, place) in unread


def rest(one: blocks.Log) -> tuple[typing.Any, ...]:
    return one.block_number, one.block_hash, one.tx_hash, one.log_index


def field_of(one: blocks.Log, place: int) -> str:
    """Names the fields that the facts leave out, by the word that a byte of the data is in."""
    name = next(event.name for event in EVENTS.values() if event.topic == one.topics[0])
    word = place // 32
    if "Deposited" in name:
        return "quoteTimestamp" if word == 4 else "told"
    if word == 4:
        return "repaymentChainId"
    if name == "FilledRelay":
        return {12: "updatedMessage", 14: "fillType"}.get(word, "told")
    message_words = 1 + -(-int.from_bytes(one.data[12 * 32 : 13 * 32]) // 32)
    inside = word - 12 - message_words
    return "fillType" if inside == 3 else "updatedMessage" if inside > 3 else "told"


def test_topics_are_those_of_the_deployed_contracts() -> None:
    assert {name: event.topic.hex() for name, event in EVENTS.items()} == TOPICS


def test_no_two_adapters_share_a_key() -> None:
    keys = [(one.protocol, one.version) for one in known.ADAPTERS]
    assert len(set(keys)) == len(keys)
    for one in known.ADAPTERS:
        assert set(adapter.by_topic(one.events)) == {event.topic for event in one.events}


@given(relay=relays(address, uint32), chain_id=st.integers(2**53, 2**256 - 1))
@settings(max_examples=10, deadline=None)
def test_chains_that_can_not_be_are_malformed(relay: Relay, chain_id: int) -> None:
    with pytest.raises(MalformedLog, match="there is no chain"):
        decode(ORIGIN, encode_deposit(relay, destination=chain_id))
