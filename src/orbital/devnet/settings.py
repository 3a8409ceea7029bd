"""What the embedded servers may be told. A port of 0 means: keep the last run's if it is free, else pick one."""

import dataclasses
import pathlib


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """`data_dir` holds one subfolder per major version. `durable=False` gives up crash safety for speed (tests)."""

    data_dir: pathlib.Path
    port: int = 0
    bundled: bool = False
    durable: bool = True
    max_connections: int = 200
    shared_buffers_mib: int = 64


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RedisSettings:
    """Redis keeps nothing on disk; `data_dir` holds its configuration file with the password."""

    data_dir: pathlib.Path
    port: int = 0
    bundled: bool = False
    max_memory_mib: int = 256


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AnvilSettings:
    """One local chain. `block_seconds=0` mines on every transaction; `binary=None` looks for the locked package.

    `keeps_history=False` gives up state at past heights, and with it `anvil_reorg`, for a tenth of the memory.
    """

    data_dir: pathlib.Path
    chain_id: int
    port: int = 0
    block_seconds: int = 1
    slots_in_an_epoch: int = 1
    accounts: int = 20
    keeps_history: bool = True
    binary: pathlib.Path | None = None
