"""ERC-20 tokens: calldata and reads. Several reads at one block go out as one request.

Reads raise Corrupt("malformed_return") for a contract that does not answer as a token does, and Reverted or RpcError
for one that refuses.
"""

import dataclasses
import typing

from orbital.chain import rpc
from orbital.chain.abi import codec
from orbital.domain.types import Address, Amount

ARTIFACT: typing.Final = "TestToken"


@dataclasses.dataclass(frozen=True, slots=True)
class Holding:
    """What an account has of a token, and what a spender may take of it, at one block."""

    balance: Amount
    allowance: Amount


def load() -> codec.Contract:
    """Return the test token's artifact; its constructor takes name, symbol and decimals."""
    return codec.load(ARTIFACT)


def approve(spender: Address, amount: int) -> bytes:
    return load().encode_call("approve", spender, amount)


def transfer(to: Address, amount: int) -> bytes:
    return load().encode_call("transfer", to, amount)


def mint(to: Address, amount: int) -> bytes:
    """Return `mint` of the test token, open to anyone."""
    return load().encode_call("mint", to, amount)


async def fetch_balance(node: rpc.Rpc, token: Address, account: Address, *, block: rpc.BlockRef = "latest") -> Amount:
    """Return `balanceOf` in base units."""
    data = await node.call(token, load().encode_call("balanceOf", account), block=block)
    return Amount(load().decode_return("balanceOf", data)[0])


async def fetch_allowance(
    node: rpc.Rpc, token: Address, owner: Address, spender: Address, *, block: rpc.BlockRef = "latest"
) -> Amount:
    """Return `allowance` in base units."""
    data = await node.call(token, load().encode_call("allowance", owner, spender), block=block)
    return Amount(load().decode_return("allowance", data)[0])


async def fetch_holding(
    node: rpc.Rpc, token: Address, owner: Address, spender: Address, *, block: rpc.BlockRef = "latest"
) -> Holding:
    """Return balance and allowance from one request."""
    asked = [
        (token, load().encode_call("balanceOf", owner)),
        (token, load().encode_call("allowance", owner, spender)),
    ]
    balance, allowance = await node.call_many(asked, block=block)
    return Holding(_amount("balanceOf", balance), _amount("allowance", allowance))


async def fetch_decimals(node: rpc.Rpc, token: Address) -> int:
    data = await node.call(token, load().encode_call("decimals"))
    return int(load().decode_return("decimals", data)[0])


async def fetch_symbol(node: rpc.Rpc, token: Address) -> str:
    data = await node.call(token, load().encode_call("symbol"))
    return str(load().decode_return("symbol", data)[0])


def _amount(function: str, answer: bytes | rpc.RpcError) -> Amount:
    if isinstance(answer, rpc.RpcError):
        raise answer
    return Amount(load().decode_return(function, answer)[0])
