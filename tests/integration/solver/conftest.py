"""Two deployed chains with a user, a solver and a relayer; blocks are mined by transactions and on request."""

import asyncio
import collections.abc
import dataclasses
import time
from typing import Any

import pytest

from orbital.chain import eip712, keys, rpc, settler, token
from orbital.chain.transactions import Wallet
from orbital.devnet import accounts, deploy
from orbital.domain.intent import Award, Intent
from orbital.domain.network import Chain, Network
from orbital.solver import funding
from orbital.solver.executor import Executor, Job

ORIGIN, DESTINATION = 31337, 31338
PATIENCE_SECONDS = 30
AUCTIONEER = keys.parse_signer(accounts.AUCTIONEER)
SOLVER = keys.parse_signer(accounts.SOLVERS[0])
RELAYER = keys.parse_signer(accounts.VALIDATOR_AND_RELAYER)
USER = keys.parse_signer(accounts.SPARE[0])
INPUT, OUTPUT = 1_000_000, 999_000


@dataclasses.dataclass
class World:
    network: Network
    rpcs: dict[int, rpc.Rpc]
    nonces: int = 0

    @property
    def origin(self) -> Chain:
        return self.network.chains[ORIGIN]

    @property
    def destination(self) -> Chain:
        return self.network.chains[DESTINATION]

    def wallets(self, signer: keys.Signer) -> dict[int, Wallet]:
        return {chain_id: Wallet(node, signer) for chain_id, node in self.rpcs.items()}

    def executor(self, receipt_seconds: float = 10.0) -> Executor:
        """As of a process that has just started."""
        return Executor(self.network, self.rpcs, self.wallets(SOLVER), receipt_seconds)

    def with_fill_after(self, fill_after: str) -> "World":
        chains = {one.chain_id: dataclasses.replace(one, fill_after=fill_after) for one in self.network.chains.values()}
        return World(dataclasses.replace(self.network, chains=chains), self.rpcs, self.nonces)

    async def now(self, chain_id: int = ORIGIN) -> int:
        return (await self.rpcs[chain_id].header("latest")).timestamp

    async def mine(self, blocks: int = 1, seconds: int = 0, chain_ids: tuple[int, ...] = (ORIGIN, DESTINATION)) -> None:
        for chain_id in chain_ids:
            if seconds:
                await self.rpcs[chain_id].request("evm_increaseTime", seconds)
            await self.rpcs[chain_id].request("anvil_mine", hex(blocks))

    async def make_intent(self, fill_seconds: int = 3600) -> Intent:
        """With its input there and allowed."""
        self.nonces += 1
        wallet = Wallet(self.rpcs[ORIGIN], USER)
        coin = self.origin.tokens[0].address
        await wallet.transact(coin, token.mint(USER.address, INPUT))
        await wallet.transact(coin, token.approve(self.origin.settler, 2**256 - 1))
        now = await self.now()
        return Intent(
            USER.address, USER.address, ORIGIN, DESTINATION, coin, INPUT, self.destination.tokens[0].address, OUTPUT,
            self.nonces, now + min(600, fill_seconds - 1), now + fill_seconds, AUCTIONEER.address,
        )  # fmt: skip

    async def make_job(self, fill_seconds: int = 3600, open_seconds: int = 60) -> Job:
        intent = await self.make_intent(fill_seconds)
        intent_id = eip712.intent_id(intent, self.origin.settler)
        now = await self.now()
        award = Award(intent_id, SOLVER.address, OUTPUT, now + open_seconds, min(now + 180, intent.fill_deadline))
        signature = AUCTIONEER.sign(eip712.award_digest(award, ORIGIN, self.origin.settler))
        return Job(intent, USER.sign(intent_id), award, signature)

    async def escrow(self, job: Job) -> settler.EscrowStatus:
        return (await settler.fetch_escrow(self.rpcs[ORIGIN], self.origin.settler, job.intent_id)).status

    async def outcome(self, job: Job) -> settler.OutcomeStatus:
        found = await settler.fetch_outcome(self.rpcs[DESTINATION], self.destination.settler, job.intent_id)
        return found.status

    async def balance(self, chain: Chain, account: bytes) -> int:
        return await token.fetch_balance(self.rpcs[chain.chain_id], chain.tokens[0].address, account)


@pytest.fixture
async def world(anvil_chain: Any) -> collections.abc.AsyncIterator[World]:
    rpcs = {}
    for chain_id in (ORIGIN, DESTINATION):
        rpcs[chain_id] = rpc.Rpc([anvil_chain(chain_id).rpc_url], chain_id)
    network = await deploy.deploy(rpcs)
    world = World(network, rpcs)
    await funding.ensure_allowances(network, rpcs, world.wallets(SOLVER))
    yield world
    for node in rpcs.values():
        await node.aclose()


Holds = collections.abc.Callable[[], collections.abc.Awaitable[Any]]


@pytest.fixture
def until() -> collections.abc.Callable[[Holds], collections.abc.Awaitable[Any]]:
    async def wait(holds: Holds) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := await holds()):
            assert time.monotonic() < deadline, "it did not happen in time"
            await asyncio.sleep(0.05)
        return found

    return wait


@pytest.fixture
def relayer_signer() -> keys.Signer:
    return RELAYER


@pytest.fixture
def solver_signer() -> keys.Signer:
    return SOLVER


@pytest.fixture
def user_signer() -> keys.Signer:
    return USER
