"""The deployment as a value: which chains are served, which contracts speak there, which tokens are taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from orbital.domain.errors import Rejected
from orbital.domain.evidence import Rules
from orbital.domain.types import Address, Amount, BlockNumber, ChainId, Protocol

USD_MICRO: Final = 10**6
USD_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Token:
    """`asset` is the same word for the same coin on several chains.

    `usd_micro` is what one whole coin is worth, in millionths of a US dollar; None when nobody says.
    """

    chain_id: ChainId
    address: Address
    symbol: str
    name: str
    decimals: int
    asset: str
    usd_micro: int | None = None

    @property
    def usd(self) -> str | None:
        """The price as the chains file has it, a decimal without zeros at its end."""
        if self.usd_micro is None:
            return None
        whole, part = divmod(self.usd_micro, USD_MICRO)
        return f"{whole}.{part:0{USD_DIGITS}d}".rstrip("0").rstrip(".")


@dataclass(frozen=True, slots=True)
class ForeignContract:
    """A contract of a protocol that is watched, heard from `first_block` to `last_block` (None: no end).

    `version` is that of the adapter; None hears every version that is known.
    """

    protocol: Protocol
    address: Address
    first_block: BlockNumber
    last_block: BlockNumber | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """One served chain.

    `domain` is the mailbox's number for it, which need not be the chain id. `fill_after` says when a solver takes an
    open for real: `latest`, `safe`, `finalized`, or a number of confirmations as a string. `fill_window_seconds` is
    how long after `open_by` an award on this origin may be filled. `confirmations` blocks make one final where the
    chain's own tags are not to be believed; None goes by the tags.
    """

    chain_id: ChainId
    name: str
    domain: int
    settler: Address
    mailbox: Address
    start_block: BlockNumber
    fill_after: str
    fill_window_seconds: int
    tokens: tuple[Token, ...]
    pools: tuple[Address, ...] = ()
    confirmations: int | None = None
    foreign: tuple[ForeignContract, ...] = ()


@dataclass(frozen=True, slots=True)
class Network:
    """All chains by id, the solver registry's home, and who runs our auctions."""

    chains: Mapping[ChainId, Chain]
    registry_chain_id: ChainId
    registry: Address
    auctioneer: Address
    refund_delay_seconds: int
    min_bond_wei: Amount

    @property
    def rules(self) -> Rules:
        """What folding an intent's facts must know of it."""
        return Rules({one.chain_id: one.settler for one in self.chains.values()}, self.refund_delay_seconds)

    def get_chain(self, chain_id: ChainId) -> Chain:
        """The chain; Rejected `unsupported_chain` when it is not served."""
        chain = self.chains.get(chain_id)
        if chain is None:
            raise Rejected("unsupported_chain", f"Chain {chain_id} is not served.")
        return chain
