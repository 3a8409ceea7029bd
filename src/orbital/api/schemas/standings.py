"""How solvers compare, and what one of them did, on the wire."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import pydantic

from orbital.api.schemas import queries
from orbital.api.schemas import values as v
from orbital.domain.network import Network
from orbital.domain.standings import Sort, Window
from orbital.domain.types import Address, ChainId
from orbital.storage.standings import Entry, Performance, Volume

_WINDOW: Final = queries.one_of(Window, "A window")
_Window = Annotated[Window, *_WINDOW]
_Sort = Annotated[Sort, *queries.one_of(Sort, "The order")]


class LeaderboardPage(queries.Page):
    """All known solvers, best first."""

    window: _Window = Window.MONTH
    sort: _Sort = Sort.REPUTATION


class PerformanceQuery(v.Strict):
    window: _Window = Window.MONTH


class ShownEntry(v.Shown):
    """`awards` are those filled and those that lapsed by the solver's fault; null is what no award says."""

    rank: v.Integer
    solver: v.Checksummed
    name: str | None
    reputation: v.Integer
    awards: v.Integer
    fills: v.Integer
    success_bps: v.Integer | None
    median_fill_seconds: v.Integer | None
    volume_usd_cents: v.Decimal


class ShownLeaderboard(v.Shown):
    """`as_of` is when it was counted, null before the first time. Pages with the same one are of one state."""

    data: list[ShownEntry]
    next_cursor: str | None
    as_of: v.Time | None


class ShownCounts(v.Shown):
    """`awards` = `fills` + `lapses`; an `excused` award lapsed because its user moved the funds."""

    bids: v.Integer
    awards: v.Integer
    fills: v.Integer
    lapses: v.Integer
    excused: v.Integer
    slashes: v.Integer


class ShownVolume(v.Shown):
    """What was delivered of a token, in its base units."""

    chain_id: v.Integer
    token: v.Checksummed
    symbol: str | None
    amount: v.Decimal


class ShownScore(v.Shown):
    """`as_of` is the UTC day of the score; it and `inputs` are null of a solver that was not scored yet."""

    score: v.Integer
    version: v.Integer
    as_of: Annotated[str, pydantic.Field(pattern=r"^\d{4}-\d\d-\d\d$")] | None
    inputs: dict[str, Any] | None


class ShownPerformance(v.Shown):
    """Over awards that are final, and bids that are public. `volume_usd_cents` counts the tokens that have a price."""

    solver: v.Checksummed
    window: Annotated[str, _WINDOW[1]]
    as_of: v.Time | None
    counts: ShownCounts
    fill_rate_bps: v.Integer | None
    median_open_seconds: v.Integer | None
    median_fill_seconds: v.Integer | None
    price_improvement_bps: v.Integer | None
    volume: list[ShownVolume]
    volume_usd_cents: v.Decimal
    reputation: ShownScore


def show_entry(entry: Entry) -> dict[str, Any]:
    return {
        "rank": entry.place,
        "solver": v.show_address(entry.solver),
        "name": entry.name,
        "reputation": entry.reputation,
        "awards": entry.awards,
        "fills": entry.fills,
        "success_bps": entry.success_bps,
        "median_fill_seconds": entry.median_fill_seconds,
        "volume_usd_cents": str(entry.volume_usd_cents),
    }


def show_performance(solver: Address, window: Window, found: Performance, network: Network) -> dict[str, Any]:
    symbols = {(one.chain_id, one.address): one.symbol for chain in network.chains.values() for one in chain.tokens}
    score = found.score
    return {
        "solver": v.show_address(solver),
        "window": window.value,
        "as_of": v.show_time(found.counted_at),
        "counts": {
            "bids": found.bids,
            "awards": found.awards,
            "fills": found.fills,
            "lapses": found.awards - found.fills,
            "excused": found.excused,
            "slashes": found.slashes,
        },
        "fill_rate_bps": found.success_bps,
        "median_open_seconds": found.median_open_seconds,
        "median_fill_seconds": found.median_fill_seconds,
        "price_improvement_bps": found.price_improvement_bps,
        "volume": [_show_volume(one, symbols) for one in found.volumes],
        "volume_usd_cents": str(found.volume_usd_cents),
        "reputation": {
            "score": score.reputation,
            "version": score.version,
            "as_of": None if score.as_of is None else score.as_of.isoformat(),
            "inputs": score.inputs,
        },
    }


def _show_volume(volume: Volume, symbols: Mapping[tuple[ChainId, Address], str]) -> dict[str, Any]:
    return {
        "chain_id": volume.chain_id,
        "token": v.show_address(volume.token),
        "symbol": symbols.get((volume.chain_id, volume.token)),
        "amount": str(volume.amount),
    }
