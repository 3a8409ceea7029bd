"""Why a pool refuses: the codes are the same in the engine, on the command line and in the API."""

from orbital.domain.errors import Conflict, Rejected


class InvalidPool(Rejected):
    """No pool looks like this: code `invalid_plane`, `invalid_radius`, `invalid_reserves` or `invalid_pool`."""


class InvalidTrade(Rejected):
    """The trade is none in any state: code `invalid_token` or `invalid_amount`."""


class InsufficientLiquidity(Conflict):
    """The trade would end where the pool has no price: no interior tick left, or nothing left to pay out."""

    def __init__(self, detail: str) -> None:
        super().__init__("insufficient_liquidity", detail)


class StateRefused(Conflict):
    """After this change of liquidity the pool would not be in a good state, or another tick would change its side."""

    def __init__(self, detail: str) -> None:
        super().__init__("state_refused", detail)
