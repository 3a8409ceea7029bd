"""Whether an account signed a digest, whatever kind of account it is.

Accounts with code are asked by ERC-1271 first; if they don't say yes, the plain signature of the same address counts
too, because an account delegated by EIP-7702 has code and a key. Accounts without code: the plain signature. This is
the contracts' own order, so what is accepted here is accepted there.
"""

import typing

from orbital.chain import keys, rpc
from orbital.domain import errors
from orbital.domain.types import Address, Hash32

MAGIC_VALUE: typing.Final = bytes.fromhex("1626ba7e")  # selector and answer of isValidSignature(bytes32,bytes)
MAX_SIGNATURE_BYTES: typing.Final = 16_384
WORD_BYTES: typing.Final = 32
_SIGNATURE_OFFSET: typing.Final = (64).to_bytes(WORD_BYTES)


async def verify_signature(
    node: rpc.Rpc, account: Address, digest: Hash32, signature: bytes, *, block: rpc.BlockRef = "latest"
) -> None:
    """Check that `account` signed `digest`.

    Raises Rejected("invalid_signature"), and Unavailable("chain_unavailable") when no node answers.
    """
    if len(signature) > MAX_SIGNATURE_BYTES:
        raise errors.Rejected("invalid_signature", f"A signature has at most {MAX_SIGNATURE_BYTES} bytes.")
    code = await node.code(account, block=block)
    if code and await _is_valid_by_contract(node, account, digest, signature, block):
        return
    if keys.recover(digest, signature) != account:
        raise errors.Rejected("invalid_signature", "The signature is another account's, or of other content.")


async def _is_valid_by_contract(
    node: rpc.Rpc, account: Address, digest: Hash32, signature: bytes, block: rpc.BlockRef
) -> bool:
    padding = bytes(-len(signature) % WORD_BYTES)
    arguments = digest + _SIGNATURE_OFFSET + len(signature).to_bytes(WORD_BYTES) + signature + padding
    try:
        answer = await node.call(account, MAGIC_VALUE + arguments, block=block)
    except rpc.RpcError as refusal:
        if refusal.is_of_node:
            raise errors.Unavailable("chain_unavailable", f"The account can't be asked: {refusal.message}") from refusal
        return False  # a revert is a no; so is running out of gas
    return answer[:WORD_BYTES] == MAGIC_VALUE.ljust(WORD_BYTES, b"\0")
