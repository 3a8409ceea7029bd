"""The whole devnet under one supervisor: servers, chains, contracts, services, and the file that tells others.

Chains and database go on together or start over together (`devnet.continuity`). When a local chain is lost while
everything runs, the stack says so by `chain_lost`, and whoever runs it starts it again from nothing.
"""

import asyncio
import contextlib
import logging.handlers
import pathlib
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from orbital.app import plan
from orbital.chain.rpc import Rpc
from orbital.config import loading
from orbital.devnet import anvil, continuity, datadir, deploy, files, ports, postgres, process, redis, supervise
from orbital.devnet import settings as parts
from orbital.domain import errors
from orbital.domain.network import Network
from orbital.domain.types import ChainId
from orbital.storage import migrate
from orbital.storage.settings import StorageSettings

FIRST_CHAIN_ID: Final = 31337
CHAINS_MIN: Final = 2
CHAINS_MAX: Final = 8
LOG_FILE_BYTES: Final = 10_000_000

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What `orbital up` was asked for. `port` 0 picks a free one."""

    port: int
    data_dir: pathlib.Path
    chains: int
    slots_in_an_epoch: int
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class _Parts:
    """The embedded parts; None where the environment brings its own."""

    database: parts.PostgresSettings | None
    redis: parts.RedisSettings | None
    chains: tuple[parts.AnvilSettings, ...]


class Stack:
    """One life of the devnet. `say` prints a line for a person; `chain_lost` is set when it can't go on."""

    def __init__(self, options: Options, environment: Mapping[str, str], say: Say) -> None:
        self._options = options
        self._environment = environment
        self._say = say
        settings = loading.load({**environment, "ORBITAL_ENV": "dev"}, frozenset())
        self._outside = settings if settings.nodes else None
        """The chains that the environment brings, with contracts that are there already; None when it brings none."""
        self._wait_seconds = settings.database_wait_seconds
        self._parts = _choose_parts(options, environment, has_chains=self._outside is not None)
        self._logs = _Logs(options.data_dir / datadir.LOGS)
        self._supervisor = supervise.Supervisor(self._report, self._logs.write)
        self.chain_lost = asyncio.Event()
        self._deployment = options.data_dir / "deployment.json"
        self._devnet: files.Devnet | None = None

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[files.Devnet]:
        """Everything is ready inside the block and ended after it."""
        try:
            self._devnet = await self._start()
            files.write_devnet(self._options.data_dir, self._devnet)
            yield self._devnet
        finally:
            self._devnet = None
            files.remove_devnet(self._options.data_dir)
            await self._supervisor.stop()
            self._logs.close()

    async def _start(self) -> files.Devnet:
        options = self._options
        generation = self._judge()
        database_url, redis_url, endpoints = await self._start_servers()
        applied = await migrate.migrate(StorageSettings(database_url, wait_seconds=self._wait_seconds))
        if applied:
            self._say(f"database: applied {len(applied)} migrations")
        if self._outside is None:
            network = await self._deploy(generation, endpoints)
            own_config = files.write_config(options.data_dir, network, endpoints)
        else:
            network, own_config = self._outside.network, None
            endpoints = {
                chain_id: files.Endpoint(node.urls[0], next(iter(node.ws_urls), None))
                for chain_id, node in self._outside.nodes.items()
            }
        place = plan.Place(
            data_dir=options.data_dir,
            config=own_config,
            port=options.port or ports.keep_port(options.data_dir / "ports" / plan.API),
            database_url=database_url,
            redis_url=redis_url,
            jwt_secret=self._environment.get("JWT_SECRET") or secrets.token_urlsafe(48),
            log_level=options.log_level,
        )
        services = plan.plan_services(network, place, self._environment)
        self._say(f"services: starting {sum(map(len, services.groups))} processes")
        for group in services.groups:
            await self._supervisor.start(*group)
        return files.Devnet(
            api_url=place.api_url,
            database_url=database_url,
            redis_url=redis_url,
            network=network,
            endpoints=endpoints,
            processes=self._supervisor.pids,
            metrics_urls=services.metrics_urls,
        )

    def _judge(self) -> str:
        """Go on with what is saved or start over, and say so; returns the generation."""
        chains, database = self._parts.chains, self._parts.database
        verdict = continuity.judge(chains, _home(database))
        reason = verdict.reason or self._find_other_chains(verdict.generation)
        if reason is not None:
            self._say(f"starting over with empty chains and an empty database: {reason}")
            continuity.start_over(chains, database)
            verdict = continuity.judge(chains, _home(database))
        return continuity.mark(chains, _home(database), verdict)

    def _find_other_chains(self, generation: str | None) -> str | None:
        """Why what is deployed can't serve the chains that are asked for: settlers know their peers for ever."""
        known = deploy.load(self._deployment, generation) if generation else None
        wanted = [chain.chain_id for chain in self._parts.chains]
        if known is None or not wanted or list(known.chains) == wanted:
            return None
        return f"its contracts are for the chains {list(known.chains)}, not {wanted}"

    async def _start_servers(self) -> tuple[str, str, dict[ChainId, files.Endpoint]]:
        own = self._parts
        database = postgres.prepare(own.database) if own.database else None
        cache = redis.prepare(own.redis) if own.redis else None
        chains = [anvil.prepare(one) for one in own.chains]
        servers: list[process.Command] = [chain.command for chain in chains]
        servers += [database.command] if database else []
        servers += [cache.command] if cache else []
        await self._supervisor.start(*servers)
        return (
            database.url if database else self._environment["DATABASE_URL"],
            cache.url if cache else self._environment["REDIS_URL"],
            {ChainId(chain.chain_id): files.Endpoint(chain.rpc_url, chain.ws_url) for chain in chains},
        )

    async def _deploy(self, generation: str, endpoints: Mapping[ChainId, files.Endpoint]) -> Network:
        known = deploy.load(self._deployment, generation)
        if known is not None:
            return known
        async with contextlib.AsyncExitStack() as stack:
            rpcs = {
                chain_id: await stack.enter_async_context(Rpc([endpoint.rpc_url], chain_id))
                for chain_id, endpoint in endpoints.items()
            }
            network = await deploy.deploy(rpcs)
        deploy.save(self._deployment, generation, network)
        self._say(f"contracts: deployed to {len(network.chains)} chains, solvers funded")
        return network

    def _report(self, event: supervise.Event) -> None:
        """Say what happened to a child; others read its new pid from `devnet.json`."""
        match event.kind:
            case supervise.Kind.DIED:
                self._say(f"{event.name} (pid {event.pid}) {event.ending}; it is started again")
            case supervise.Kind.RESTARTED:
                self._say(f"{event.name} runs again (pid {event.pid})")
            case supervise.Kind.NOT_RESTARTED:
                self._say(f"{event.name} does not start, trying again: {event.detail}")
            case supervise.Kind.GIVEN_UP:
                self._say(f"{event.name} can't go on: {event.detail}")
                if event.code == "chain_lost":
                    self.chain_lost.set()
            case supervise.Kind.STARTED | supervise.Kind.STOPPED:
                return
        if self._devnet is not None and event.kind is supervise.Kind.RESTARTED:
            self._devnet = files.with_processes(self._devnet, self._supervisor.pids)
            files.write_devnet(self._options.data_dir, self._devnet)


class _Logs:
    """One rotating file a child."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        self._files: dict[str, logging.handlers.RotatingFileHandler] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, name: str, line: str) -> None:
        if name not in self._files:
            self._files[name] = logging.handlers.RotatingFileHandler(
                self._folder / f"{name}.log", maxBytes=LOG_FILE_BYTES, backupCount=1, encoding="utf-8"
            )
        self._files[name].emit(logging.makeLogRecord({"msg": line}))

    def close(self) -> None:
        for handler in self._files.values():
            handler.close()
        self._files.clear()


def _choose_parts(options: Options, environment: Mapping[str, str], *, has_chains: bool) -> _Parts:
    """Embedded parts, but for those that the environment brings; ORBITAL_BUNDLED=1 forces the bundled servers."""
    if not CHAINS_MIN <= options.chains <= CHAINS_MAX:
        raise errors.Rejected("invalid_chains", f"--chains must be from {CHAINS_MIN} to {CHAINS_MAX}.")
    bundled = environment.get("ORBITAL_BUNDLED") == "1"
    folder = options.data_dir
    chosen = environment.get("ORBITAL_ANVIL")
    return _Parts(
        database=(
            parts.PostgresSettings(data_dir=folder / datadir.POSTGRES, bundled=bundled)
            if bundled or not environment.get("DATABASE_URL")
            else None
        ),
        redis=(
            parts.RedisSettings(data_dir=folder / datadir.REDIS, bundled=bundled)
            if bundled or not environment.get("REDIS_URL")
            else None
        ),
        chains=tuple(
            parts.AnvilSettings(
                data_dir=folder / datadir.CHAINS,
                chain_id=FIRST_CHAIN_ID + index,
                slots_in_an_epoch=options.slots_in_an_epoch,
                binary=pathlib.Path(chosen) if chosen else None,
            )
            for index in range(0 if has_chains else options.chains)
        ),
    )


def _home(database: parts.PostgresSettings | None) -> pathlib.Path | None:
    if database is None:
        return None
    return postgres.find_home(database, postgres.find_binaries(bundled=database.bundled))
