"""Names for the values that must not be mixed up.

Identifiers are raw bytes inside the program and hex only at its edges: an address is 20 bytes, a hash 32.
An account is an address on any kind of chain: 20 bytes where the chain is an EVM, 32 elsewhere.
Amounts are integers in token base units. Times are whole unix seconds. The type checker refuses a mix.
"""

from enum import StrEnum
from typing import Final, NewType

ChainId = NewType("ChainId", int)
Address = NewType("Address", bytes)
Account = NewType("Account", bytes)
Hash32 = NewType("Hash32", bytes)
IntentId = NewType("IntentId", bytes)
Amount = NewType("Amount", int)
UnixSeconds = NewType("UnixSeconds", int)
BlockNumber = NewType("BlockNumber", int)


class Protocol(StrEnum):
    """Whose rules an intent follows: ours, or those of a protocol that is only watched."""

    ORBITAL = "orbital"
    ACROSS = "across"


ADDRESS_BYTES: Final = 20
HASH_BYTES: Final = 32
UINT256_MAX: Final = 2**256 - 1
UINT64_MAX: Final = 2**64 - 1
ZERO_ADDRESS: Final = Address(bytes(ADDRESS_BYTES))
ZERO_ACCOUNT: Final = Account(ZERO_ADDRESS)
