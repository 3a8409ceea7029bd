"""Chains full of logs: complete lives of intents between two local chains, emitted by code that emits what it is told.

The code stands at the addresses of settler and mailbox, so its logs are exactly those that the contracts would emit,
at a hundredth of the price. Each chain is the origin of half of the intents and the destination of the others. A
generated chain is kept in its folder and found there by the next run.
"""

import concurrent.futures
import contextlib
import hashlib
import http.client
import json
import pathlib
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from orbital.chain import mailbox
from orbital.chain.adapters import orbital
from orbital.devnet import anvil, process, settings
from orbital.domain.network import Chain, Network
from orbital.domain.types import Address, Amount, BlockNumber, ChainId, Hash32, IntentId

FIRST, SECOND = ChainId(31337), ChainId(31338)
SETTLER, MAILBOX, REGISTRY = (Address(bytes([0x5E, n]) * 10) for n in (1, 2, 3))
BLOCK_SECONDS = 2
DELIVERY_BLOCKS = 8  # from a fill until its message is delivered on the origin
EXPIRING = 0.03  # share of intents that nobody fills
LOGS_AN_INTENT = 3  # on one chain, at least
USERS, SOLVERS = 2_000, 20
GAS = 25_000_000
FILLED = "filled"  # in the folder of a chain that is complete
TOPICS = {event.name: event.topic for event in orbital.EVENTS.values()}

# For each record of the calldata (number of topics, length, four topics, data): one log of it.
EMITTER = bytes.fromhex(
    "5f5b3681106009570 05b80602001358082 60c0015f37"  # copy the data, stop at the end of the calldata
    "8160a001358260800135836060013584604001 35845f87356003 1b60300156000000"  # topics, and jump by their number
    "5ba15050506058565ba2505060585600 5ba3506058560000 5ba4605856000000"  # LOG1 to LOG4
    "5b60c00101600156".replace(" ", "")
)


@dataclass(frozen=True)
class Log:
    emitter: Address
    topics: tuple[bytes, ...]
    data: bytes

    @property
    def record(self) -> bytes:
        topics = b"".join(self.topics).ljust(128, b"\0")
        return _word(len(self.topics)) + _word(len(self.data)) + topics + self.data


@dataclass(frozen=True)
class Place:
    """A running chain and what is on it."""

    chain: anvil.Chain
    blocks: int
    logs: int
    pid: int


def network_of() -> Network:
    """Both chains with the emitter as their contracts."""
    chains = {
        one: Chain(one, f"chain {one}", one, SETTLER, MAILBOX, BlockNumber(0), "latest", 600, ())
        for one in (FIRST, SECOND)
    }
    return Network(chains, FIRST, REGISTRY, Address(b"\xaa" * 20), 30, Amount(1))


def blocks_of(
    chain_id: ChainId, count: int, logs_a_block: int, start_time: int, *, is_turned: bool = False
) -> Iterator[list[Log]]:
    """Logs by block, the first being block 1; `start_time` is the time of block 0.

    A chain that is turned begins with the intents that the other one has in the middle, and ends with those before.
    """
    chance = random.Random(chain_id)
    waiting: dict[int, list[list[Log]]] = {}
    intents = count * logs_a_block // LOGS_AN_INTENT // 4 * 4
    lived = 0
    for number in range(1, count + 1):
        found = [log for logs in waiting.pop(number, []) for log in logs]
        while len(found) < logs_a_block:
            lived += 1
            serial = (lived + intents // 2) % intents if is_turned else lived
            now = start_time + BLOCK_SECONDS * number
            steps = _life(chain_id, serial, now, chance, is_origin=serial % 2 == 0)
            found += steps[0]
            if len(steps) > 1:
                waiting.setdefault(number + DELIVERY_BLOCKS, []).append(steps[1])
        if len(found) > logs_a_block:
            waiting.setdefault(number + 1, []).insert(0, found[logs_a_block:])
        yield found[:logs_a_block]


@contextlib.contextmanager
def running(
    folder: pathlib.Path, chain_ids: tuple[ChainId, ...], blocks: int, logs_a_block: int, *, is_turned: bool = False
) -> Iterator[list[Place]]:
    """Start the chains, generating those that the folder does not hold; the second may be turned."""
    with contextlib.ExitStack() as stack:
        started = []
        for chain_id in chain_ids:
            wanted = settings.AnvilSettings(
                data_dir=folder, chain_id=chain_id, block_seconds=0, slots_in_an_epoch=32, keeps_history=False
            )
            home = folder / str(chain_id)
            if home.exists() and not ((home / FILLED).exists() and anvil.inspect(wanted) is anvil.Saved.WHOLE):
                shutil.rmtree(home)
            chain = anvil.prepare(wanted)
            node = process.start(chain.command, folder / f"{chain_id}.log", timeout_seconds=60)
            stack.enter_context(node)
            started.append(Place(chain, blocks, blocks * logs_a_block, node.pid))
        with concurrent.futures.ThreadPoolExecutor() as threads:
            list(threads.map(lambda place: _fill(place, is_turned=is_turned and place is not started[0]), started))
        yield started


class Miner:
    """Mines blocks with given logs on one chain."""

    def __init__(self, chain: anvil.Chain) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", chain.port, timeout=60)
        self._chain_id = ChainId(chain.chain_id)
        self._sender = self.ask("eth_accounts")[0]
        self._nonce = int(self.ask("eth_getTransactionCount", self._sender, "latest"), 16)
        self.ask("evm_setAutomine", False)  # noqa: FBT003 - RPC's own
        for address in (SETTLER, MAILBOX):
            self.ask("anvil_setCode", "0x" + address.hex(), "0x" + EMITTER.hex())
        self._start_time = int(time.time())

    def ask(self, method: str, *parameters: object) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters})
        self._connection.request("POST", "/", body, {"content-type": "application/json"})
        answer = json.loads(self._connection.getresponse().read())
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def send(self, logs: list[Log]) -> None:
        """Put transactions that emit these logs into the pool."""
        for emitter in (SETTLER, MAILBOX):
            data = b"".join(log.record for log in logs if log.emitter == emitter)
            self.ask(
                "eth_sendTransaction",
                {
                    "from": self._sender,
                    "to": "0x" + emitter.hex(),
                    "data": "0x" + data.hex(),
                    "gas": hex(GAS if emitter == SETTLER else GAS // 10),
                    "nonce": hex(self._nonce),
                },
            )
            self._nonce += 1

    def traffic(self, blocks: int, logs_a_block: int, *, is_turned: bool = False) -> Iterator[list[Log]]:
        """Logs by block for a chain without any yet."""
        return blocks_of(self._chain_id, blocks, logs_a_block, self._start_time, is_turned=is_turned)

    def mine(self, number: int) -> None:
        """Mine the block with this number, at its time."""
        self.ask("evm_mine", {"timestamp": self._start_time + BLOCK_SECONDS * number})


def _fill(place: Place, *, is_turned: bool) -> None:
    """Mine what is missing: everything or nothing."""
    mark = place.chain.folder / FILLED
    if place.blocks == 0 or mark.exists():
        return
    miner = Miner(place.chain)
    for number, logs in enumerate(miner.traffic(place.blocks, place.logs // place.blocks, is_turned=is_turned), 1):
        miner.send(logs)
        miner.mine(number)
    mark.touch()


def _life(chain_id: ChainId, serial: int, now: int, chance: random.Random, *, is_origin: bool) -> list[list[Log]]:
    """One intent as this chain sees it: on the origin what happens at once and later, on the destination at once."""
    other = SECOND if chain_id == FIRST else FIRST
    origin, destination = (chain_id, other) if is_origin else (other, chain_id)
    # The n-th intent of a direction is the same on both chains.
    name = (origin, serial // 2)
    intent_id = IntentId(_hash(name))
    fate = random.Random(repr(name))
    expires = fate.random() < EXPIRING
    user, solver = _address("user", fate.randrange(USERS)), _address("solver", fate.randrange(SOLVERS))
    recipient, tokens = _address("recipient", fate.randrange(USERS)), (_address("usdc"), _address("dai"))
    amount = fate.randrange(10**6, 10**12)
    kind = mailbox.Kind.EXPIRED if expires else mailbox.Kind.FILLED
    message = mailbox.pack(
        mailbox.Message(
            serial // 2,
            destination,
            mailbox.pad_address(SETTLER),
            origin,
            mailbox.pad_address(SETTLER),
            mailbox.pack_outcome(mailbox.Outcome(kind, intent_id, solver, solver, Amount(amount * 10**12))),
        )
    )
    if is_origin:
        body = (user, recipient, origin, destination, tokens[0], amount, tokens[1], amount * 10**12 - 5)
        body += (serial, now + chance.randrange(300, 900), now + 3600, b"\xaa" * 20)
        opened = _log(SETTLER, "IntentOpened", (intent_id, user, solver), (*body, amount * 10**12))
        process_ = _log(MAILBOX, "Process", (destination, SETTLER, SETTLER), ())
        process_id = _log(MAILBOX, "ProcessId", (mailbox.message_id(message),), ())
        if expires:
            end = _log(SETTLER, "IntentRefunded", (intent_id, user), (tokens[0], amount))
        else:
            end = _log(SETTLER, "IntentSettled", (intent_id, solver), (solver, tokens[0], amount))
        return [[opened], [process_, process_id, end]]
    if expires:
        end = _log(SETTLER, "IntentExpired", (intent_id,), (origin,))
    else:
        told = (tokens[1], amount * 10**12, origin, solver)
        end = _log(SETTLER, "IntentFilled", (intent_id, solver, recipient), told)
    dispatch = Log(
        MAILBOX,
        (TOPICS["Dispatch"], *(_word(one) for one in (SETTLER, origin, SETTLER))),
        _word(32) + _word(len(message)) + message + bytes(-len(message) % 32),
    )
    return [[end, dispatch, _log(MAILBOX, "DispatchId", (mailbox.message_id(message),), ())]]


def _log(emitter: Address, name: str, indexed: tuple[object, ...], data: tuple[object, ...]) -> Log:
    return Log(emitter, (TOPICS[name], *map(_word, indexed)), b"".join(map(_word, data)))


def _word(value: object) -> bytes:
    return value.to_bytes(32) if isinstance(value, int) else bytes(value).rjust(32, b"\0")  # type: ignore[call-overload]


def _hash(name: object) -> Hash32:
    return Hash32(hashlib.sha256(repr(name).encode()).digest())


def _address(*name: object) -> Address:
    return Address(_hash(name)[:20])
