"""The settler: calldata of its functions and typed reads of its state.

Builders are pure and give calldata for `transactions.Wallet.send`; reads take the chain's `Rpc` and the settler's
address there. Reads raise Corrupt("malformed_return") where no settler is.
"""

import dataclasses
import enum
import typing

from orbital.chain import rpc
from orbital.chain.abi import codec
from orbital.domain.intent import Award, Intent
from orbital.domain.types import Address, Amount, ChainId, IntentId, UnixSeconds

ARTIFACT: typing.Final = "IntentSettler"
LATEST: typing.Final[rpc.BlockRef] = "latest"


class EscrowStatus(enum.IntEnum):
    NONE = 0
    HELD = 1
    SETTLED = 2
    REFUNDED = 3


class OutcomeStatus(enum.IntEnum):
    NONE = 0
    FILLED = 1
    EXPIRED = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Escrow:
    """The origin's record of an intent; it stays after the payout."""

    input_amount: Amount
    input_token: Address
    destination_domain: int
    status: EscrowStatus
    user: Address
    fill_deadline: UnixSeconds


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The destination's record of an intent: filled by whom, or expired."""

    solver: Address
    origin_domain: int
    status: OutcomeStatus
    repay_to: Address
    output_amount: Amount


@dataclasses.dataclass(frozen=True, slots=True)
class Peer:
    """A settler on another chain and the mailbox's number for that chain."""

    chain_id: ChainId
    settler: Address
    domain: int


def load() -> codec.Contract:
    """Return the settler's artifact; its constructor takes the refund delay in seconds."""
    return codec.load(ARTIFACT)


def configure(mailbox: Address, peers: typing.Iterable[Peer]) -> bytes:
    return load().encode_call("configure", mailbox, [(peer.chain_id, peer.settler, peer.domain) for peer in peers])


def open_by_user(intent: Intent) -> bytes:
    """Return `open`: the user escrows himself."""
    return load().encode_call("open", _intent(intent))


def open_for(intent: Intent, user_signature: bytes, award: Award, award_signature: bytes) -> bytes:
    return load().encode_call("openFor", _intent(intent), user_signature, _award(award), award_signature)


def fill(intent: Intent, award: Award, award_signature: bytes, repay_to: Address) -> bytes:
    """Return `fill`; send it with the mailbox's fee, what is above returns."""
    return load().encode_call("fill", _intent(intent), _award(award), award_signature, repay_to)


def expire(intent: Intent) -> bytes:
    """Return `expire`; send it with the mailbox's fee."""
    return load().encode_call("expire", _intent(intent))


def refund(intent: Intent) -> bytes:
    return load().encode_call("refund", _intent(intent))


def resend(intent_id: IntentId) -> bytes:
    """Return `resend`; send it with the mailbox's fee."""
    return load().encode_call("resend", intent_id)


def claim(account: Address, token: Address) -> bytes:
    return load().encode_call("claim", account, token)


def invalidate_nonce(nonce: int) -> bytes:
    return load().encode_call("invalidateNonce", nonce)


async def fetch_intent_id(node: rpc.Rpc, settler: Address, intent: Intent) -> IntentId:
    """Return the id as the contract computes it."""
    return IntentId((await _read(node, settler, LATEST, "intentId", _intent(intent)))[0])


async def fetch_nonce_used(
    node: rpc.Rpc, settler: Address, user: Address, nonce: int, *, block: rpc.BlockRef = LATEST
) -> bool:
    return bool((await _read(node, settler, block, "nonceUsed", user, nonce))[0])


async def fetch_escrow(node: rpc.Rpc, settler: Address, intent_id: IntentId, *, block: rpc.BlockRef = LATEST) -> Escrow:
    """Return the escrow; its status is NONE for an intent that was never opened."""
    amount, token, domain, status, user, deadline = (await _read(node, settler, block, "escrowOf", intent_id))[0]
    return Escrow(amount, token, domain, EscrowStatus(status), user, deadline)


async def fetch_outcome(
    node: rpc.Rpc, settler: Address, intent_id: IntentId, *, block: rpc.BlockRef = LATEST
) -> Outcome:
    """Return `filledBy`; its status is NONE for an intent that is neither filled nor expired."""
    solver, domain, status, repay_to, amount = (await _read(node, settler, block, "filledBy", intent_id))[0]
    return Outcome(solver, domain, OutcomeStatus(status), repay_to, amount)


async def fetch_credit(node: rpc.Rpc, settler: Address, account: Address, token: Address) -> Amount:
    """Return what `claim` would pay."""
    return Amount((await _read(node, settler, LATEST, "credits", account, token))[0])


async def fetch_refund_delay(node: rpc.Rpc, settler: Address) -> int:
    """Return the seconds between fill deadline and the origin's own refund."""
    return int((await _read(node, settler, LATEST, "refundDelay"))[0])


async def fetch_peer(node: rpc.Rpc, settler: Address, chain_id: ChainId) -> Peer:
    """Return the peer on a chain; its settler is zero where none is known."""
    address, domain = await _read(node, settler, LATEST, "peerOf", chain_id)
    return Peer(chain_id, address, domain)


async def fetch_mailbox(node: rpc.Rpc, settler: Address) -> Address:
    """Return the mailbox, zero before the settler is configured."""
    return Address((await _read(node, settler, LATEST, "mailbox"))[0])


def _intent(intent: Intent) -> tuple[typing.Any, ...]:
    return dataclasses.astuple(intent)


def _award(award: Award) -> tuple[typing.Any, ...]:
    return dataclasses.astuple(award)


async def _read(
    node: rpc.Rpc, settler: Address, block: rpc.BlockRef, function: str, *arguments: typing.Any
) -> tuple[typing.Any, ...]:
    data = await node.call(settler, load().encode_call(function, *arguments), block=block)
    return load().decode_return(function, data)
