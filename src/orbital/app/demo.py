"""The process `orbital demo`: intents through a fresh temporary stack, and the proof that everybody got what is his.

Every step that is shown comes from the API; every balance that is checked comes from the token contracts.
"""

import asyncio
import contextlib
import itertools
import os
import pathlib
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from orbital.app import console, output, process, stack
from orbital.chain import hexes, keys
from orbital.chain.rpc import Rpc
from orbital.client import wire
from orbital.client.client import Client
from orbital.devnet import accounts, audit, datadir, files, trader
from orbital.domain.errors import OrbitalError
from orbital.domain.lifecycle import Status
from orbital.domain.types import Amount, ChainId
from orbital.observe import logging

AT_ONCE: Final = 40
POLL_SECONDS: Final = 0.1
SETTLE_SECONDS: Final = 120
_STEP_OF: Final = {
    "IntentSubmitted": "submit",
    "IntentAwarded": "match",
    "IntentOpened": "open",
    "IntentFilled": "fill",
    "IntentSettled": "settle",
}
_DELIVERED: Final = {Status.FILLED, Status.SETTLED}
_ENDED: Final = {Status.SETTLED, Status.REFUNDED, Status.CANCELLED, Status.EXPIRED}


@dataclass(frozen=True, slots=True)
class Run:
    """One intent's way. `submit_to_fill_ms` is None when it was not delivered in time."""

    view: wire.IntentView
    submit_to_fill_ms: int | None
    timeline: Sequence[Mapping[str, Any]]

    @property
    def ok(self) -> bool:
        return self.view.status == Status.SETTLED


def main(intents: int, *, as_json: bool) -> int:
    """Run the demo; returns 0 only if every intent settled and every balance is right."""
    logging.configure("demo", "warning")
    try:
        with tempfile.TemporaryDirectory(prefix="orbital-demo-") as folder:
            runs, checks = asyncio.run(_run(intents, pathlib.Path(folder), say=_silent if as_json else console.say))
    except OrbitalError as error:
        sys.stderr.write(f"{error.code}: {error.detail}\n")
        return process.EXIT_FAILED
    ok = all(run.ok for run in runs) and all(check.ok for check in checks)
    if as_json:
        output.write(orjson.dumps(_report(ok, runs, checks), option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        output.write(_describe_all(ok, runs, checks))
    return 0 if ok else process.EXIT_FAILED


async def _run(intents: int, folder: pathlib.Path, say: stack.Say) -> tuple[list[Run], list[audit.Check]]:
    options = stack.Options(port=0, data_dir=folder, chains=2, slots_in_an_epoch=1, log_level="warning")
    say("starting a fresh stack")
    with datadir.hold(folder):
        async with stack.Stack(options, os.environ, say).running() as devnet, contextlib.AsyncExitStack() as opened:
            rpcs = {
                chain_id: await opened.enter_async_context(Rpc([endpoint.rpc_url], chain_id))
                for chain_id, endpoint in devnet.endpoints.items()
            }
            return await _send_and_check(intents, devnet, rpcs, say)


async def _send_and_check(
    intents: int, devnet: files.Devnet, rpcs: Mapping[ChainId, Rpc], say: stack.Say
) -> tuple[list[Run], list[audit.Check]]:
    network, users = devnet.network, trader.list_users()
    await trader.fund(network, rpcs, users)
    solvers = [keys.parse_signer(secret).address for secret in accounts.SOLVERS]
    role_of = audit.roles(network, [user.address for user in users], solvers)
    before = await audit.fetch_balances(network, rpcs, role_of)
    say(f"sending {intents} intents")
    async with contextlib.AsyncExitStack() as opened:
        clients = [await opened.enter_async_context(Client(devnet.api_url, user)) for user in users]
        room = asyncio.Semaphore(AT_ONCE)
        turns = zip(range(intents), itertools.cycle(clients), trader.walk_routes(network), strict=False)
        runs = await asyncio.gather(
            *(
                _send(room, client, trader.make_intent(network, route, client.address, 100))
                for _, client, route in turns
            )
        )
    deliveries = [delivery for run in runs if (delivery := _delivery_of(run)) is not None]
    after = await audit.fetch_balances(network, rpcs, role_of)
    return list(runs), audit.check(before, after, deliveries, role_of)


async def _send(room: asyncio.Semaphore, client: Client, intent: Any) -> Run:
    async with room:
        begun = time.monotonic()
        view = await client.submit(intent)
        filled_ms: int | None = None
        while view.status not in _ENDED and time.monotonic() - begun < SETTLE_SECONDS:
            await asyncio.sleep(POLL_SECONDS)
            view = await client.fetch_intent(view.intent_id)
            if filled_ms is None and view.status in _DELIVERED:
                filled_ms = int(1000 * (time.monotonic() - begun))
        return Run(
            view, filled_ms, [_step(event) for event in await client.list_events(view.intent_id) if _is_step(event)]
        )


def _is_step(event: wire.Event) -> bool:
    return event.canonical and event.name in _STEP_OF


def _step(event: wire.Event) -> dict[str, Any]:
    return {
        "step": _STEP_OF[event.name],
        "at": event.timestamp.isoformat().replace("+00:00", "Z"),
        "chain_id": event.chain_id,
        "tx_hash": event.tx_hash,
    }


def _delivery_of(run: Run) -> audit.Delivery | None:
    view = run.view
    if not run.ok or view.solver is None or view.output_amount is None:
        return None
    return audit.Delivery(view.to_domain(), hexes.parse_address(view.solver), Amount(int(view.output_amount)))


def _report(ok: bool, runs: Sequence[Run], checks: Sequence[audit.Check]) -> dict[str, Any]:
    return {
        "ok": ok,
        "intents": [
            {
                "intent_id": run.view.intent_id,
                "status": run.view.status,
                "submit_to_fill_ms": run.submit_to_fill_ms,
                "timeline": run.timeline,
            }
            for run in runs
        ],
        "balances": {"ok": all(check.ok for check in checks), "checks": [_describe(check) for check in checks]},
    }


def _describe(check: audit.Check) -> dict[str, Any]:
    chain_id, token, account = check.place
    return {
        "chain_id": chain_id,
        "token": hexes.to_checksum(token),
        "account": hexes.to_checksum(account),
        "role": check.role,
        "expected": str(check.expected),
        "actual": str(check.actual),
        "ok": check.ok,
    }


def _describe_all(ok: bool, runs: Sequence[Run], checks: Sequence[audit.Check]) -> str:
    lines = []
    for run in runs:
        took = (
            "not delivered" if run.submit_to_fill_ms is None else f"filled after {run.submit_to_fill_ms / 1000:.1f} s"
        )
        lines.append(f"\n{run.view.intent_id}  {run.view.status}, {took}")
        for step in run.timeline:
            where = f"chain {step['chain_id']}  {step['tx_hash']}" if step["tx_hash"] else ""
            lines.append(f"  {step['at']}  {step['step']:<7} {where}".rstrip())
    wrong = [check for check in checks if not check.ok]
    lines.append(f"\n{len(checks) - len(wrong)} of {len(checks)} balances are right on chain")
    lines += [f"  WRONG {_describe(check)}" for check in wrong]
    lines.append("every intent settled, every balance is right" if ok else "FAILED")
    return "\n".join(lines) + "\n"


def _silent(_text: str) -> None:
    return
