"""The solver registry: calldata of its functions and the typed read of a bond."""

import dataclasses
import typing

from orbital.chain import rpc
from orbital.chain.abi import codec
from orbital.domain.types import Address, Amount, IntentId, UnixSeconds

ARTIFACT: typing.Final = "SolverRegistry"


@dataclasses.dataclass(frozen=True, slots=True)
class Bond:
    """A solver's bond: what counts, what is leaving and from when; all zero for one that never registered."""

    bond_wei: Amount
    in_withdrawal_wei: Amount
    withdrawable_at: UnixSeconds
    is_registered: bool


def load() -> codec.Contract:
    """Return the artifact; its constructor takes guardian, treasury and the withdrawal delay in seconds."""
    return codec.load(ARTIFACT)


def register() -> bytes:
    """Return `register`; the value sent is the bond."""
    return load().encode_call("register")


def deposit() -> bytes:
    """Return `deposit`; the value sent is added to the bond."""
    return load().encode_call("deposit")


def request_withdrawal(amount_wei: int) -> bytes:
    return load().encode_call("requestWithdrawal", amount_wei)


def withdraw() -> bytes:
    return load().encode_call("withdraw")


def slash(solver: Address, amount_wei: int, intent_id: IntentId) -> bytes:
    """Return `slash`, for the guardian."""
    return load().encode_call("slash", solver, amount_wei, intent_id)


async def fetch_bond(node: rpc.Rpc, registry: Address, solver: Address, *, block: rpc.BlockRef = "latest") -> Bond:
    """Return `bondOf`."""
    data = await node.call(registry, load().encode_call("bondOf", solver), block=block)
    ((bond, in_withdrawal, withdrawable_at, is_registered),) = load().decode_return("bondOf", data)
    return Bond(bond, in_withdrawal, withdrawable_at, is_registered)


async def fetch_withdrawal_delay(node: rpc.Rpc, registry: Address) -> int:
    """Return the seconds between request and withdrawal."""
    data = await node.call(registry, load().encode_call("withdrawalDelay"))
    return int(load().decode_return("withdrawalDelay", data)[0])
