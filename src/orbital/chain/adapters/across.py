"""Across V3, watched: deposits and fills of its SpokePools as opens and fills of foreign intents.

Current SpokePools speak of accounts as 32 bytes (not every chain is an EVM), older ones of addresses; blocks of both
are on the chains. An address is the same word in either form, so both give the same id for the same terms, and a
deposit from before an upgrade joins its fill from after it.

**The id** is keccak256 of `abi.encode` of the relay's tuple and the destination chain, with the hash of the message in
the message's place: twelve words and one. The SpokePool's own relay hash is over the message itself, which the current
fill event does not tell any more; the deposit tells the message, so its hash is what both sides know. An empty message
counts as zero, as in the event. A deposit id alone names nothing: depositors may choose it, and anybody may fill terms
under it that were never deposited.

Of a fill it is told what was delivered: an update that the depositor signed may have changed recipient and amount. A
slow fill is paid by the protocol itself, and names zero as its relayer.
"""

import typing

from orbital.chain.adapters import adapter
from orbital.chain.adapters.adapter import Adapter, Decoded
from orbital.chain.adapters.malformed import MalformedLog
from orbital.chain.blocks import Log
from orbital.chain.keccak import keccak256
from orbital.domain.foreign_facts import ForeignFilled, ForeignIntent, ForeignOpened
from orbital.domain.types import ADDRESS_BYTES, Account, Amount, ChainId, IntentId, Protocol, UnixSeconds

CHAIN_ID_MAX: typing.Final = 2**53 - 1
"""No chain has a larger id; a log that names one is odd, for nobody can deliver there."""

_NO_MESSAGE: typing.Final = bytes(32)
_ADDRESS_PAD: typing.Final = bytes(12)

_int = int.from_bytes


def relay_id(
    depositor: bytes,
    recipient: bytes,
    exclusive_relayer: bytes,
    input_token: bytes,
    output_token: bytes,
    input_amount: bytes,
    output_amount: bytes,
    origin_chain_id: int,
    deposit_id: int,
    fill_deadline: int,
    exclusivity_deadline: int,
    message_hash: bytes,
    destination_chain_id: int,
) -> IntentId:
    """The id of these terms. Accounts have 20 or 32 bytes, amounts are words."""
    accounts = [one.rjust(32, b"\0") for one in (depositor, recipient, exclusive_relayer, input_token, output_token)]
    numbers = [one.to_bytes(32) for one in (origin_chain_id, deposit_id, fill_deadline, exclusivity_deadline)]
    words = (*accounts, input_amount, output_amount, *numbers, message_hash, destination_chain_id.to_bytes(32))
    return IntentId(keccak256(b"".join(words)))


def hash_message(message: bytes) -> bytes:
    """What the current fill event tells of a message."""
    return keccak256(message) if message else _NO_MESSAGE


def _deposited(
    chain_id: ChainId,
    log: Log,
    destination: bytes,
    deposit_id: bytes | int,
    depositor: bytes,
    input_token: bytes,
    output_token: bytes,
    input_amount: bytes,
    output_amount: bytes,
    _quote_timestamp: int,
    fill_deadline: int,
    exclusivity_deadline: int,
    recipient: bytes,
    exclusive_relayer: bytes,
    message: bytes,
) -> Decoded:
    number, destination_id = _number(deposit_id), _chain(log, destination)
    intent_id = relay_id(
        depositor,
        recipient,
        exclusive_relayer,
        input_token,
        output_token,
        input_amount,
        output_amount,
        chain_id,
        number,
        fill_deadline,
        exclusivity_deadline,
        hash_message(message),
        destination_id,
    )
    intent = ForeignIntent(
        protocol=Protocol.ACROSS,
        reference=str(number),
        user=_account(depositor),
        recipient=_account(recipient),
        origin_chain_id=chain_id,
        destination_chain_id=destination_id,
        input_token=_account(input_token),
        input_amount=Amount(_int(input_amount)),
        output_token=_account(output_token),
        min_output_amount=Amount(_int(output_amount)),
        fill_deadline=UnixSeconds(fill_deadline),
    )
    return intent_id, ForeignOpened(intent)


def _filled(
    chain_id: ChainId,
    log: Log,
    origin: bytes,
    deposit_id: bytes | int,
    relayer: bytes,
    input_token: bytes,
    output_token: bytes,
    input_amount: bytes,
    output_amount: bytes,
    _repayment_chain: bytes,
    fill_deadline: int,
    exclusivity_deadline: int,
    exclusive_relayer: bytes,
    depositor: bytes,
    recipient: bytes,
    message_hash: bytes,
    updated_recipient: bytes,
    _updated_message_hash: bytes,
    updated_output_amount: bytes,
    _fill_type: int,
) -> Decoded:
    number, origin_id = _number(deposit_id), _chain(log, origin)
    intent_id = relay_id(
        depositor,
        recipient,
        exclusive_relayer,
        input_token,
        output_token,
        input_amount,
        output_amount,
        origin_id,
        number,
        fill_deadline,
        exclusivity_deadline,
        message_hash,
        chain_id,
    )
    event = ForeignFilled(
        protocol=Protocol.ACROSS,
        reference=str(number),
        solver=_account(relayer),
        recipient=_account(updated_recipient),
        output_token=_account(output_token),
        output_amount=Amount(_int(updated_output_amount)),
        origin_chain_id=origin_id,
    )
    return intent_id, event


def _filled_legacy(chain_id: ChainId, log: Log, *values: typing.Any) -> Decoded:
    """The older fill: it tells the message, and its execution as a tuple of its own."""
    *terms, message, (updated_recipient, updated_message, *delivered) = values
    terms += [hash_message(message), updated_recipient, hash_message(updated_message), *delivered]
    return _filled(chain_id, log, *terms)


def _account(account: bytes) -> Account:
    """20 bytes for what fits into an address, whose 32 bytes are padded on the left; else all 32."""
    padded = len(account) != ADDRESS_BYTES and account.startswith(_ADDRESS_PAD)
    return Account(account[len(_ADDRESS_PAD) :] if padded else account)


def _chain(log: Log, word: bytes) -> ChainId:
    chain_id = _int(word)
    if chain_id > CHAIN_ID_MAX:
        raise MalformedLog("an event of Across", log, f"there is no chain {chain_id}")
    return ChainId(chain_id)


def _number(deposit_id: bytes | int) -> int:
    return deposit_id if isinstance(deposit_id, int) else _int(deposit_id)


CURRENT: typing.Final = Adapter(
    Protocol.ACROSS,
    "3",
    {
        "spoke_pool": (
            adapter.event(
                "FundsDeposited",
                "bytes32,bytes32,uint256,uint256,uint256*,uint256*,uint32,uint32,uint32,bytes32*,bytes32,bytes32,bytes",
                _deposited,
            ),
            adapter.event(
                "FilledRelay",
                "bytes32,bytes32,uint256,uint256,uint256,uint256*,uint256*,uint32,uint32,bytes32,bytes32*,bytes32,"
                "bytes32,bytes32,(bytes32,bytes32,uint256,uint8)",
                _filled,
            ),
        )
    },
)
LEGACY: typing.Final = Adapter(
    Protocol.ACROSS,
    "3-legacy",
    {
        "spoke_pool": (
            adapter.event(
                "V3FundsDeposited",
                "address,address,uint256,uint256,uint256*,uint32*,uint32,uint32,uint32,address*,address,address,bytes",
                _deposited,
            ),
            adapter.event(
                "FilledV3Relay",
                "address,address,uint256,uint256,uint256,uint256*,uint32*,uint32,uint32,address,address*,address,"
                "address,bytes,(address,bytes,uint256,uint8)",
                _filled_legacy,
            ),
        )
    },
)
