"""Whether somebody signed: what the chain module knows, without asking a chain where the answer can't depend on it."""

from typing import Final

from orbital.chain import accounts, keys
from orbital.chain.rpc import Rpc, RpcError
from orbital.domain.errors import Corrupt, FieldError, Rejected, Unavailable
from orbital.domain.types import Address, Hash32

_BARE_RECOVERY_IDS: Final = frozenset({0, 1})


async def verify(rpc: Rpc, account: Address, digest: Hash32, signature: bytes) -> bytes:
    """The signature in the form that contracts take (v 27 or 28), once `account` is known to have made it.

    A plain signature of the account's own key counts whether or not the account has code, so it is looked at first and
    no node is asked. Raises Rejected `invalid_signature`, Unavailable when a node is needed and none answers it.
    """
    normal = normalise(signature)
    if not _is_own(account, digest, normal):
        try:
            await accounts.verify_signature(rpc, account, digest, normal)
        except Rejected as failure:
            raise Rejected(
                "invalid_signature",
                failure.detail,
                (FieldError("/signature", "invalid_signature", failure.detail),),
            ) from failure
        except (RpcError, Corrupt) as failure:
            detail = f"The account's chain does not answer as it should: {failure.detail}"
            raise Unavailable("chain_unavailable", detail, 5) from failure
    return normal


def normalise(signature: bytes) -> bytes:
    """Give a plain signature v 27 or 28 instead of 0 or 1; whatever else an account may take stays as it is."""
    if len(signature) == keys.SIGNATURE_BYTES and signature[64] in _BARE_RECOVERY_IDS:
        return signature[:64] + bytes((signature[64] + keys.V_OFFSET,))
    return signature


def _is_own(account: Address, digest: Hash32, signature: bytes) -> bool:
    try:
        return keys.recover(digest, signature) == account
    except Rejected:
        return False
