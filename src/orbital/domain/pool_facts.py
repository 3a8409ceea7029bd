"""What happens in a pool: enough to know its whole state at any block without asking the chain (`orbital.replay`).

Every event names the pool that said so. Amounts are in the tokens' own units, radii and planes at 18 decimals; tokens
and ticks are numbered from 0 in the order in which the pool was created.
"""

from dataclasses import dataclass

from orbital.domain.types import Address, Amount


@dataclass(frozen=True, slots=True)
class PoolCreated:
    """`fee_ppm` is the part of each swap's input, in millionths, that goes to the providers."""

    pool: Address
    tokens: tuple[Address, ...]
    decimals: tuple[int, ...]
    fee_ppm: int


@dataclass(frozen=True, slots=True)
class TickCreated:
    """`plane` is the sum of the reserves at which the tick leaves the pool's trading, per unit of radius."""

    pool: Address
    tick_id: int
    plane: Amount


@dataclass(frozen=True, slots=True)
class TickCrossed:
    """The tick is interior from here on, or at its plane."""

    pool: Address
    tick_id: int
    interior: bool


@dataclass(frozen=True, slots=True)
class LiquidityAdded:
    pool: Address
    provider: Address
    tick_id: int
    radius: Amount
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class LiquidityRemoved:
    pool: Address
    provider: Address
    tick_id: int
    radius: Amount
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class FeesCollected:
    pool: Address
    provider: Address
    tick_id: int
    amounts: tuple[Amount, ...]


@dataclass(frozen=True, slots=True)
class Swap:
    """`token_in` and `token_out` are the tokens' numbers; `amount_in` includes the fee."""

    pool: Address
    trader: Address
    token_in: int
    token_out: int
    amount_in: Amount
    amount_out: Amount
    fee: Amount
    to: Address


PoolEvent = PoolCreated | TickCreated | TickCrossed | LiquidityAdded | LiquidityRemoved | FeesCollected | Swap
