"""Whether an account that may not be deployed yet signed a digest (ERC-6492).

The node runs a small contract as a deployment that is never sent: it asks the account, and if that does not say yes,
lets the account's factory deploy it and asks again; all of it is undone with the call. Only for what stays off chain:
a contract that must accept the signature later knows nothing of the wrapping.
"""

import typing

from orbital.chain import rpc
from orbital.chain.abi import codec
from orbital.domain import errors
from orbital.domain.types import Address, Hash32

MAGIC_SUFFIX: typing.Final = bytes.fromhex("6492" * 16)
ARTIFACT: typing.Final = "CounterfactualVerifier"

_YES: typing.Final = (1).to_bytes(32)


def is_wrapped(signature: bytes) -> bool:
    """Whether a signature says how its account is deployed."""
    return signature.endswith(MAGIC_SUFFIX)


async def verify_signature(node: rpc.Rpc, account: Address, digest: Hash32, wrapped: bytes) -> None:
    """Check a wrapped signature at the latest block.

    Raises Rejected("invalid_signature"), and Unavailable("chain_unavailable") when no node answers.
    """
    content = wrapped.removesuffix(MAGIC_SUFFIX)
    deployment = codec.load(ARTIFACT).encode_deployment(account, digest, content)
    try:
        answer = await node.call(None, deployment)
    except rpc.RpcError as refusal:
        if refusal.is_of_node:
            raise errors.Unavailable("chain_unavailable", f"The account can't be asked: {refusal.message}") from refusal
        answer = b""  # what can't be decoded, or used all gas, is a no
    if answer != _YES:
        raise errors.Rejected("invalid_signature", "The account, deployed as the signature says, does not take it.")
