"""A local chain: anvil from the locked npm package, with its state kept across clean ends.

What anvil 1.7.1 keeps across an end by SIGTERM or SIGINT and a start from the dumped state (measured): genesis and
every block with its hash, transactions, receipts, logs by range and by block hash, balances, nonces, code, storage,
the `safe` and `finalized` tags. What it loses: state at past heights (`eth_call`, `eth_getBalance` at an old block
fail), so `anvil_reorg` and `anvil_rollback` can't go back beyond the start; the transaction pool; its clock, set again
after each start.

Anvil writes its state in place, so a kill can tear it. Left to itself it also writes it once a minute: such a file is
whole and too old. So it is told an interval that never passes, and a kill loses the state. Here it dumps to a file that
doesn't exist while the chain runs, and what it loaded is removed as soon as it is ready: a whole file is always the
chain's last word, and no file, or a torn one, means that the chain is lost. A state older than what a database has seen
is never used. When the starter is killed the kernel sends SIGTERM, so the chain still writes its state; only a SIGKILL
to anvil itself, or the machine's end, loses it.
"""

import dataclasses
import enum
import http.client
import json
import os
import pathlib
import platform
import shutil
import signal
import time
from typing import Any

from orbital.devnet import leftovers, ports, process, secret, settings
from orbital.domain import errors

PROJECT_ROOT = pathlib.Path(__file__).resolve().parents[3]
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
RPC_TIMEOUT_SECONDS = 5.0
STATE_INTERVAL_SECONDS = 365 * 86400  # by default a minute: a chain that was killed would come back as it was then
PERSISTED_STATES = 50  # by default 1 GB on disk after an hour of 1 s blocks, never removed; so 27 MB
DUMP = "dump.json"  # what the last end wrote, whole or not
STATE = "state.json"  # a whole dump, to be loaded; removed once it is
CACHE = "cache"  # of past states, useless to the next start
STARTED = "started"  # exists from the first time that the chain was ready
TIMESTAMP = "timestamp"  # of the genesis block, in seconds


class Saved(enum.Enum):
    """What a chain's folder holds."""

    NOTHING = "never started"
    WHOLE = "whole"
    LOST = "ended without saving its state"
    TORN = "saved state is cut off"


@dataclasses.dataclass(frozen=True, slots=True)
class Chain:
    """A prepared chain: `process.start(chain.command, log)` or the supervisor runs it."""

    chain_id: int
    port: int
    rpc_url: str
    ws_url: str
    folder: pathlib.Path
    command: process.Command


def find_binary(chosen: pathlib.Path | None = None) -> pathlib.Path:
    """Return `chosen`, else the binary of the project's npm package, else the one on PATH."""
    if chosen is not None:
        return chosen
    package = f"anvil-linux-{ARCHITECTURES.get(platform.machine(), platform.machine())}"
    locked = PROJECT_ROOT / "node_modules" / "@foundry-rs" / package / "bin" / "anvil"
    if os.access(locked, os.X_OK):
        return locked
    on_path = shutil.which("anvil")
    if on_path is None:
        raise errors.Unavailable(
            "anvil_not_found", "no anvil: run `npm ci` in the project, put anvil on PATH, or set ORBITAL_ANVIL"
        )
    return pathlib.Path(on_path)


def inspect(wanted: settings.AnvilSettings) -> Saved:
    """Say what a start would find. Call it while the chain doesn't run."""
    folder = _folder(wanted)
    if (folder / DUMP).exists():
        return Saved.WHOLE if _is_whole(folder / DUMP) else Saved.TORN
    if (folder / STATE).exists():
        return Saved.WHOLE
    return Saved.LOST if (folder / STARTED).exists() else Saved.NOTHING


def prepare(wanted: settings.AnvilSettings) -> Chain:
    """Return how to start the chain. Starting raises Corrupt (`chain_lost`) when its state was lost or torn."""
    folder = _folder(wanted)
    folder.mkdir(parents=True, exist_ok=True)
    port = ports.keep_port(folder / "port", wanted.port)
    command = process.Command(
        name=f"anvil-{wanted.chain_id}",
        argv=_argv(wanted, folder, port),
        working_dir=folder,  # finds it again when its starter is gone
        is_ready=lambda pid: ports.is_served_by(port, pid) and is_ready(port, wanted.chain_id),
        before_start=lambda: _before_start(wanted, folder),
        after_start=lambda: _after_start(folder, port),
        stop_signal=signal.SIGTERM,
        death_signal=signal.SIGTERM,
    )
    address = f"{ports.LOOPBACK}:{port}"
    return Chain(wanted.chain_id, port, f"http://{address}", f"ws://{address}", folder, command)


def remove(data_dir: pathlib.Path) -> None:
    """Forget all chains below `data_dir`, ending what still runs there. For `--fresh` and for starting over."""
    if not data_dir.exists():
        return
    for folder in data_dir.resolve().iterdir():
        leftovers.end_processes_in(folder, signal.SIGTERM)
    shutil.rmtree(data_dir)


def is_ready(port: int, chain_id: int) -> bool:
    """Whether 127.0.0.1:port answers JSON-RPC for this chain id."""
    try:
        return int(call(port, "eth_chainId"), 16) == chain_id
    except errors.Unavailable:
        return False


def set_clock(port: int) -> None:
    """Set the chain's clock to now, unless its newest block is later already (somebody moved time forward)."""
    newest = int(call(port, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)  # noqa: FBT003 - RPC's own
    now = int(time.time())
    if newest < now:
        call(port, "evm_setTime", now)


def call(port: int, method: str, *parameters: object) -> Any:
    """Ask a local chain and return the `result`. Raises Unavailable: no answer, or the node's own words."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
    connection = http.client.HTTPConnection(ports.LOOPBACK, port, timeout=RPC_TIMEOUT_SECONDS)
    try:
        connection.request("POST", "/", body, {"content-type": "application/json"})
        answer = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException) as error:
        raise errors.Unavailable("rpc_unreachable", f"{method} on port {port}: {error}") from error
    finally:
        connection.close()
    if "error" in answer:
        raise errors.Unavailable("rpc_error", f"{method}: {answer['error']}")
    return answer["result"]


def _folder(wanted: settings.AnvilSettings) -> pathlib.Path:
    return wanted.data_dir.resolve() / str(wanted.chain_id)


def _argv(wanted: settings.AnvilSettings, folder: pathlib.Path, port: int) -> tuple[str, ...]:
    options = {
        "--host": ports.LOOPBACK,
        "--port": port,
        "--chain-id": wanted.chain_id,
        "--accounts": wanted.accounts,
        "--slots-in-an-epoch": wanted.slots_in_an_epoch,
        "--dump-state": folder / DUMP,
        "--state-interval": STATE_INTERVAL_SECONDS,
        "--cache-path": folder / CACHE,
    }
    if wanted.block_seconds:
        options["--block-time"] = wanted.block_seconds
    if wanted.keeps_history:
        options["--max-persisted-states"] = PERSISTED_STATES
    words = [str(word) for option in options.items() for word in option]
    if not wanted.keeps_history:
        words.append("--prune-history")  # without a number: with one it keeps more than by default
    return (str(find_binary(wanted.binary)), *words)


def _before_start(wanted: settings.AnvilSettings, folder: pathlib.Path) -> tuple[str, ...]:
    """Make the last dump the state to load; returns the arguments that do so."""
    leftovers.end_processes_in(folder, signal.SIGTERM)
    if (folder / CACHE).exists():
        shutil.rmtree(folder / CACHE)
    saved = inspect(wanted)
    if saved in {Saved.LOST, Saved.TORN}:
        raise errors.Corrupt("chain_lost", f"chain {wanted.chain_id} {saved.value}: it has to start over")
    if saved is Saved.NOTHING:
        secret.write_private(folder / TIMESTAMP, f"{int(time.time())}\n")
    elif (folder / DUMP).exists():
        (folder / DUMP).replace(folder / STATE)
    loading = ("--load-state", str(folder / STATE)) if saved is Saved.WHOLE else ()
    return ("--timestamp", (folder / TIMESTAMP).read_text(encoding="ascii").strip(), *loading)


def _after_start(folder: pathlib.Path, port: int) -> None:
    """From here on others may see new blocks, so what was loaded is out of date."""
    (folder / STARTED).touch()
    (folder / STATE).unlink(missing_ok=True)
    set_clock(port)


def _is_whole(path: pathlib.Path) -> bool:
    """Anvil writes one JSON object in one go, so a dump that parses is complete."""
    try:
        return isinstance(json.loads(path.read_bytes()), dict)
    except ValueError:
        return False
