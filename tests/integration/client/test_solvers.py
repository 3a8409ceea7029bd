"""What the client says and reads of solvers, and how the reference solver keeps its own profile."""

import dataclasses
import socket
import time
from typing import Any

import pytest

from orbital.client.client import Client
from orbital.client.errors import ApiError
from orbital.devnet import ports
from orbital.domain.errors import Unavailable
from orbital.domain.solver import Changes, Registration
from orbital.solver import profile
from orbital.solver.settings import SolverSettings


async def test_a_solver_is_registered_changed_suspended_and_found(service: Any) -> None:
    async with Client(service.url, service.solver) as solver, Client(service.url, service.admin) as admin:
        told = Registration(solver.address, "Lane", (31337,), 5, "", 1, int(time.time()) + 60)
        made = await solver.register_solver(told)
        assert (made.name, made.chain_ids, made.contact, made.status) == ("Lane", [31337], "", "active")
        with pytest.raises(ApiError, match="already_registered"):
            await solver.register_solver(told)
        changed = await solver.update_solver(Changes(contact="ops@lane.example", is_paused=True))
        assert (changed.fee_bps, changed.contact, changed.status) == (5, "ops@lane.example", "paused")
        with pytest.raises(ApiError, match="not_found"):
            await admin.update_solver(Changes(fee_bps=1))
        with pytest.raises(ApiError, match="not_found"):
            await admin.fetch_solver(admin.address)

        suspended = await admin.suspend_solver(solver.address, "Keys were stolen.")
        assert (suspended.status, suspended.suspension.reason) == ("suspended", "Keys were stolen.")
        assert await solver.fetch_solver(solver.address) == suspended
        assert await solver.list_solvers(status="suspended", chain_id=31337) == [suspended]
        assert await solver.list_solvers(min_reputation=5001) == []
        with pytest.raises(ApiError, match="already_suspended"):
            await admin.suspend_solver(solver.address, "Again.")
        with pytest.raises(ApiError, match="forbidden"):
            await solver.reinstate_solver(solver.address, "It was nothing.")
        assert (await admin.reinstate_solver(solver.address, "New keys.")).status == "paused"


async def test_the_reference_solver_registers_once_and_follows_its_settings(service: Any) -> None:
    settings = SolverSettings(fee_bps=3, name="Lane", contact="ops@lane.example")
    async with Client(service.url, service.solver) as client:

        async def run(network: Any, own: SolverSettings) -> tuple[Any, ...]:
            await profile.ensure_profile(client, network, own)
            found = await client.fetch_solver(client.address)
            return found.name, found.contact, found.chain_ids, found.fee_bps, found.status

        both = [31337, 31338]
        assert await run(service.network, settings) == ("Lane", "ops@lane.example", both, 3, "active")
        await client.update_solver(Changes(is_paused=True))
        before = await client.fetch_solver(client.address)
        other = dataclasses.replace(settings, name="Another", contact="")
        assert await run(service.network, other) == ("Lane", "ops@lane.example", both, 3, "paused")
        assert await client.fetch_solver(client.address) == before
        cheaper = dataclasses.replace(settings, fee_bps=1)
        one = dataclasses.replace(service.network, chains={31338: service.network.chains[31338]})
        assert await run(one, cheaper) == ("Lane", "ops@lane.example", [31338], 1, "paused")
        assert await run(service.network, cheaper) == ("Lane", "ops@lane.example", both, 1, "paused")
    async with Client(service.url, service.user) as refused:
        await profile.ensure_profile(refused, service.network, dataclasses.replace(settings, name=" "))
        with pytest.raises(ApiError, match="not_found"):
            await refused.fetch_solver(refused.address)
    with socket.socket() as deaf:
        deaf.bind((ports.LOOPBACK, 0))
        async with Client(f"http://{ports.LOOPBACK}:{deaf.getsockname()[1]}", service.user) as silent:
            with pytest.raises(Unavailable, match="api_unavailable"):
                await profile.ensure_profile(silent, service.network, settings)
