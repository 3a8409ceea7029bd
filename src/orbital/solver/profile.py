"""What the solver says of itself: registered at its first start, and kept to what it is run with.

Its chains and its fee follow the settings, since a profile without one of its chains keeps it from bidding. Name and
contact stay as they were registered, and a pause stays until it is ended by hand. A service that takes no such profile
still takes bids: so that is said, and the solver goes on without one.
"""

import time
from typing import Final

from orbital.client import wire_solvers
from orbital.client.client import Client
from orbital.client.errors import ApiError
from orbital.domain.network import Network
from orbital.domain.solver import Changes, Registration
from orbital.domain.types import UnixSeconds
from orbital.observe import logging
from orbital.solver.settings import SolverSettings

VALID_SECONDS: Final = 600

log = logging.get_logger("solver")


async def ensure_profile(client: Client, network: Network, settings: SolverSettings) -> None:
    """Register the profile, or bring it up to the settings; ApiError when that may work later."""
    try:
        known = await _find(client)
        if known is None:
            await _register(client, network, settings)
        else:
            await _update(client, network, settings, known)
    except ApiError as refusal:
        if refusal.is_temporary or refusal.code == "already_registered":  # since it was looked for: look again
            raise
        log.warning("profile_refused", code=refusal.code, detail=refusal.detail)


async def _find(client: Client) -> wire_solvers.Solver | None:
    """Who this is to the service; None without a profile."""
    try:
        known = await client.fetch_solver(client.address)
    except ApiError as refusal:
        if refusal.code != "not_found":
            raise
        return None
    return None if known.name is None else known


async def _register(client: Client, network: Network, settings: SolverSettings) -> None:
    now = int(time.time())
    told = Registration(
        solver=client.address,
        name=settings.name,
        chain_ids=tuple(sorted(network.chains)),
        fee_bps=settings.fee_bps,
        contact=settings.contact,
        nonce=now,
        deadline=UnixSeconds(now + VALID_SECONDS),
    )
    await client.register_solver(told)
    log.info("registered", name=told.name, chain_ids=list(told.chain_ids), fee_bps=told.fee_bps)


async def _update(client: Client, network: Network, settings: SolverSettings, known: wire_solvers.Solver) -> None:
    chain_ids = tuple(sorted(network.chains))
    if tuple(sorted(known.chain_ids)) != chain_ids or known.fee_bps != settings.fee_bps:
        await client.update_solver(Changes(fee_bps=settings.fee_bps, chain_ids=chain_ids))
        log.info("profile_updated", chain_ids=list(chain_ids), fee_bps=settings.fee_bps)
    if known.status in {"paused", "suspended"}:
        log.warning("no_bids_taken", status=known.status)
