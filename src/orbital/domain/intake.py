"""What an intent must satisfy before it is taken, in the order in which it is checked.

The shape is checked before (it is JSON's business), the signature in between (it may need a chain): `validate_terms`,
the signature, `validate_parties`, the nonce, `validate_load` and `validate_funds`.
"""

from typing import Final

from orbital.domain.errors import Conflict, FieldError, Forbidden, Rejected
from orbital.domain.intent import Intent
from orbital.domain.network import Chain, Network
from orbital.domain.types import ZERO_ADDRESS, Address, Amount, UnixSeconds

OPEN_DEADLINE_MIN_SECONDS: Final = 60
OPEN_DEADLINE_MAX_SECONDS: Final = 30 * 24 * 3600
FILL_AFTER_OPEN_MAX_SECONDS: Final = 24 * 3600
LIVE_INTENTS_MAX: Final = 100


def validate_terms(intent: Intent, network: Network, now: UnixSeconds) -> None:
    """Raise Rejected for the first thing that no signature could heal.

    `now` is the later of the host's clock and the origin chain's own time: deadlines count from it.
    """
    _validate_exchange(intent, network)
    validate_deadlines(intent, now)
    _validate_auctioneer(intent, network)


def validate_fixed_terms(intent: Intent, network: Network) -> None:
    """The same but for the deadlines: what no passing of time changes."""
    _validate_exchange(intent, network)
    _validate_auctioneer(intent, network)


def validate_deadlines(intent: Intent, now: UnixSeconds) -> None:
    """Raise Rejected unless there is enough, and not too much, time for every step."""
    ahead = intent.open_deadline - now
    if not OPEN_DEADLINE_MIN_SECONDS <= ahead <= OPEN_DEADLINE_MAX_SECONDS:
        raise _rejected(
            "deadline_out_of_range", "/intent/open_deadline", "The open deadline must be 60 s to 30 d ahead."
        )
    if not 0 < intent.fill_deadline - intent.open_deadline <= FILL_AFTER_OPEN_MAX_SECONDS:
        raise _rejected(
            "deadline_out_of_range",
            "/intent/fill_deadline",
            "The fill deadline must be after the open deadline, by at most 24 h.",
        )


def validate_parties(intent: Intent, denied: frozenset[Address]) -> None:
    """Raise Forbidden for users and recipients that the operator does not serve."""
    if denied & {intent.user, intent.recipient}:
        raise Forbidden("denied", "This service does not take intents of or for this address.")


def validate_load(live_intents: int) -> None:
    """Raise Conflict when the user has as many live intents as he may have."""
    if live_intents >= LIVE_INTENTS_MAX:
        raise Conflict("too_many_live_intents", f"A user may have at most {LIVE_INTENTS_MAX} live intents.")


def validate_funds(intent: Intent, live_inputs: Amount, balance: Amount, allowance: Amount) -> None:
    """Raise Rejected unless balance and allowance cover this input on top of the user's live ones in the token."""
    needed = live_inputs + intent.input_amount
    if balance < needed:
        raise _rejected("insufficient_balance", "/intent/input_amount", f"The live intents need {needed} in all.")
    if allowance < needed:
        raise _rejected("insufficient_allowance", "/intent/input_amount", f"The live intents need {needed} in all.")


def _validate_exchange(intent: Intent, network: Network) -> None:
    """Of what, where and to whom."""
    _validate_amounts(intent)
    _validate_addresses(intent, network)
    _validate_chains(intent, network)
    _validate_tokens(intent, network)


def _validate_auctioneer(intent: Intent, network: Network) -> None:
    if intent.auctioneer != network.auctioneer:
        raise _rejected("unknown_auctioneer", "/intent/auctioneer", "This service runs another auctioneer.")


def _validate_amounts(intent: Intent) -> None:
    for name, amount in (("input_amount", intent.input_amount), ("min_output_amount", intent.min_output_amount)):
        if amount == 0:
            raise _rejected("invalid_amount", f"/intent/{name}", "The amount must be above zero.")


def _validate_addresses(intent: Intent, network: Network) -> None:
    for name in ("user", "recipient", "input_token", "output_token"):
        if getattr(intent, name) == ZERO_ADDRESS:
            raise _rejected("invalid_address", f"/intent/{name}", "The zero address can't be used here.")
    if any(intent.recipient == chain.settler for chain in network.chains.values()):
        raise _rejected("invalid_address", "/intent/recipient", "A settler can't be the recipient.")


def _validate_chains(intent: Intent, network: Network) -> None:
    for name in ("origin_chain_id", "destination_chain_id"):
        if getattr(intent, name) not in network.chains:
            raise _rejected("unsupported_chain", f"/intent/{name}", "This chain is not served.")
    if intent.origin_chain_id == intent.destination_chain_id:
        raise _rejected("same_chain", "/intent/destination_chain_id", "Origin and destination must differ.")


def _validate_tokens(intent: Intent, network: Network) -> None:
    if not _is_taken(intent.input_token, network.chains[intent.origin_chain_id]):
        raise _rejected("unsupported_token", "/intent/input_token", "This token is not taken on the origin chain.")
    if not _is_taken(intent.output_token, network.chains[intent.destination_chain_id]):
        raise _rejected("unsupported_token", "/intent/output_token", "This token is not served on the destination.")


def _is_taken(token: Address, chain: Chain) -> bool:
    return any(token == one.address for one in chain.tokens)


def _rejected(code: str, pointer: str, detail: str) -> Rejected:
    return Rejected(code, detail, (FieldError(pointer, code, detail),))
