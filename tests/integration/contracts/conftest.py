"""Contracts on real chains: artifacts, calls, events and errors by name, and two settlers that know each other.

A chain is anything with `deploy`, `transact`, `call`, `now` and `warp`; here it is anvil. Its clock stands still unless
a test warps it, and each test ends with both chains as it found them. Senders are anvil's unlocked accounts.
"""

import collections
import collections.abc
import contextlib
import dataclasses
import functools
import json
import pathlib
import typing

import eth_abi
import eth_account
import eth_account.messages
import eth_utils
import httpx
import pytest

from orbital.devnet import ports, process

ROOT = pathlib.Path(__file__).parents[3]
ANVIL = ROOT / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
ARTIFACTS = (ROOT / "src/orbital/chain/abi", ROOT / "tests/integration/contracts/artifacts")
MNEMONIC = "test test test test test test test test test test test junk"
ROLES = ("deployer", "auctioneer", "validator", "solver", "rival", "user", "recipient", "payee", "stranger", "guardian")
GENESIS_TIME = 1_800_000_000
REFUND_DELAY = 30
MAILBOX_FEE = 10**15
ZERO = "0x" + "00" * 20
PEER_CONFIG = "(uint256,address,uint32)"
TYPES = {
    "Intent": "address user,address recipient,uint256 originChainId,uint256 destinationChainId,address inputToken,"
    "uint256 inputAmount,address outputToken,uint256 minOutputAmount,uint256 nonce,uint64 openDeadline,"
    "uint64 fillDeadline,address auctioneer",
    "Award": "bytes32 intentId,address solver,uint256 outputAmount,uint64 openBy,uint64 fillBy",
}
FIELDS = {
    name: [dict(zip(("type", "name"), field.split(" "), strict=True)) for field in text.split(",")]
    for name, text in TYPES.items()
}
Intent = collections.namedtuple("Intent", [field["name"] for field in FIELDS["Intent"]])  # noqa: PYI024
Award = collections.namedtuple("Award", [field["name"] for field in FIELDS["Award"]])  # noqa: PYI024


class Reverted(Exception):
    """A refused call: the error's name and its arguments."""

    def __init__(self, data: bytes) -> None:
        self.name, types = errors_by_selector().get(data[:4], (f"0x{data.hex()}", ()))
        self.values = eth_abi.decode(types, data[4:])
        super().__init__(f"{self.name}{self.values}")


@functools.cache
def load_artifact(name: str) -> dict[str, typing.Any]:
    paths = [folder / f"{name}.json" for folder in ARTIFACTS]
    return json.loads(next(path for path in paths if path.exists()).read_text())


@functools.cache
def entries(kind: str) -> list[dict[str, typing.Any]]:
    names = [path.stem for folder in ARTIFACTS for path in folder.glob("*.json")]
    return [entry for name in names for entry in load_artifact(name)["abi"] if entry["type"] == kind]


@functools.cache
def errors_by_selector() -> dict[bytes, tuple[str, tuple[str, ...]]]:
    known = {
        f"{e['name']}({','.join(abi_types(e['inputs']))})": (e["name"], abi_types(e["inputs"]))
        for e in entries("error")
    }
    known |= {"Error(string)": ("Error", ("string",)), "Panic(uint256)": ("Panic", ("uint256",))}
    return {eth_utils.keccak(text=signature)[:4]: error for signature, error in known.items()}


@functools.cache
def events_by_topic() -> dict[bytes, tuple[str, list[dict[str, typing.Any]]]]:
    signatures = {f"{e['name']}({','.join(abi_types(e['inputs']))})": e for e in entries("event")}
    return {eth_utils.keccak(text=text): (e["name"], e["inputs"]) for text, e in signatures.items()}


def abi_types(parameters: list[dict[str, typing.Any]]) -> tuple[str, ...]:
    def flat(parameter: dict[str, typing.Any]) -> str:
        if not parameter["type"].startswith("tuple"):
            return parameter["type"]
        return f"({','.join(map(flat, parameter['components']))}){parameter['type'][5:]}"

    return tuple(flat(parameter) for parameter in parameters)


def decode_log(topics: list[bytes], data: bytes) -> tuple[str, dict[str, typing.Any]]:
    name, inputs = events_by_topic()[topics[0]]
    indexed = [entry for entry in inputs if entry["indexed"]]
    plain = [entry for entry in inputs if not entry["indexed"]]
    values = dict(zip([e["name"] for e in plain], eth_abi.decode(abi_types(plain), data), strict=True))
    for entry, topic in zip(indexed, topics[1:], strict=True):
        values[entry["name"]] = eth_abi.decode([entry["type"]], topic)[0]
    return name, values


@dataclasses.dataclass(frozen=True)
class Receipt:
    logs: list[tuple[str, list[bytes], bytes]]
    gas_used: int

    @property
    def events(self) -> list[tuple[str, dict[str, typing.Any]]]:
        return [decode_log(topics, data) for _, topics, data in self.logs]

    def event(self, name: str) -> dict[str, typing.Any]:
        """The one event of this name."""
        (found,) = (values for event, values in self.events if event == name)
        return found

    def has(self, name: str) -> bool:
        return name in [event for event, _ in self.events]


class Anvil:
    def __init__(self, url: str, chain_id: int) -> None:
        self.url, self.chain_id = url, chain_id
        self.client = httpx.Client(timeout=30)

    def rpc(self, method: str, *params: typing.Any) -> typing.Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self.client.post(self.url, json=body).json()
        if "error" not in answer:
            return answer["result"]
        if isinstance(data := answer["error"].get("data"), str) and data.startswith("0x"):
            raise Reverted(bytes.fromhex(data[2:]))
        raise RuntimeError(answer["error"])

    def transact(self, sender: str, to: str | None, data: bytes, value: int = 0) -> Receipt:
        return self._receipt(self._send(sender, to, data, value))

    def deploy(self, sender: str, code: bytes) -> str:
        return self._send(sender, None, code, 0)["contractAddress"]

    def call(self, to: str, data: bytes, sender: str = ZERO) -> bytes:
        tx = {"from": sender, "to": to, "data": f"0x{data.hex()}"}
        return bytes.fromhex(self.rpc("eth_call", tx, "latest")[2:])

    @property
    def now(self) -> int:
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)  # noqa: FBT003

    def warp(self, timestamp: int) -> None:
        self.rpc("evm_setNextBlockTimestamp", timestamp)
        self.rpc("evm_mine")

    def balance(self, account: str) -> int:
        return int(self.rpc("eth_getBalance", account, "latest"), 16)

    def _send(self, sender: str, to: str | None, data: bytes, value: int) -> dict[str, typing.Any]:
        tx = {"from": sender, "data": f"0x{data.hex()}", "value": hex(value)} | ({"to": to} if to else {})
        receipt = self.rpc("eth_sendTransactionSync", tx)
        if receipt["status"] != "0x1":
            self.rpc("eth_call", tx, "latest")  # a failed transaction has no reason: its repetition raises it
            raise RuntimeError(receipt)
        return receipt

    def _receipt(self, raw: dict[str, typing.Any]) -> Receipt:
        logs = [
            (log["address"], [bytes.fromhex(t[2:]) for t in log["topics"]], bytes.fromhex(log["data"][2:]))
            for log in raw["logs"]
        ]
        return Receipt(logs, int(raw["gasUsed"], 16))


class Contract:
    def __init__(self, chain: typing.Any, artifact: str, address: str, sender: str) -> None:
        self.chain, self.artifact, self.address, self.sender = chain, artifact, address, sender

    def encode(self, function: str, *args: typing.Any) -> bytes:
        return selector_of(self.artifact, function)[0] + eth_abi.encode(selector_of(self.artifact, function)[1], args)

    def send(self, function: str, *args: typing.Any, sender: str | None = None, value: int = 0) -> Receipt:
        return self.chain.transact(sender or self.sender, self.address, self.encode(function, *args), value)

    def call(self, function: str, *args: typing.Any) -> typing.Any:
        """One output as a value, a struct or several outputs as a namespace of their names."""
        outputs = selector_of(self.artifact, function)[2]
        values = eth_abi.decode(abi_types(outputs), self.chain.call(self.address, self.encode(function, *args)))
        if len(outputs) == 1 and outputs[0]["type"] != "tuple":
            return values[0]
        parts, values = (outputs[0]["components"], values[0]) if len(outputs) == 1 else (outputs, values)
        return collections.namedtuple("Answer", [part["name"] for part in parts])(*values)  # noqa: PYI024


@functools.cache
def selector_of(artifact: str, function: str) -> tuple[bytes, tuple[str, ...], list[dict[str, typing.Any]]]:
    (entry,) = (e for e in load_artifact(artifact)["abi"] if e["type"] == "function" and e["name"] == function)
    types = abi_types(entry["inputs"])
    return eth_utils.keccak(text=f"{function}({','.join(types)})")[:4], types, entry["outputs"]


def deploy(chain: typing.Any, artifact: str, *args: typing.Any, sender: str) -> Contract:
    found = load_artifact(artifact)
    constructor = next((e for e in found["abi"] if e["type"] == "constructor"), {"inputs": []})
    code = bytes.fromhex(found["bytecode"][2:]) + eth_abi.encode(abi_types(constructor["inputs"]), args)
    return Contract(chain, artifact, chain.deploy(sender, code), sender)


@dataclasses.dataclass(frozen=True)
class Side:
    """What is deployed on one chain. The mailbox domain is another number than the chain id on purpose."""

    chain: typing.Any
    domain: int
    mailbox: Contract
    settler: Contract
    token: Contract


@dataclasses.dataclass(frozen=True)
class Match:
    """An intent with its award and both signatures."""

    intent: typing.Any
    award: typing.Any
    intent_id: bytes
    user_signature: bytes
    award_signature: bytes

    @property
    def open_args(self) -> tuple[typing.Any, ...]:
        return self.intent, self.user_signature, self.award, self.award_signature

    def fill_args(self, repay_to: str) -> tuple[typing.Any, ...]:
        return self.intent, self.award, self.award_signature, repay_to


class World:
    """Two chains with settlers that know each other. `keys`, and an attribute a role, hold the accounts."""

    fee, refund_delay, zero = MAILBOX_FEE, REFUND_DELAY, ZERO
    Intent, Award, Contract, Receipt, Reverted = Intent, Award, Contract, Receipt, Reverted
    deploy_on = staticmethod(deploy)

    def __init__(self, origin: typing.Any, destination: typing.Any) -> None:
        self.keys: dict[str, typing.Any] = {}
        for index, role in enumerate(ROLES):
            account = derive_account(index)
            self.keys[account.address.lower()] = account
            setattr(self, role, account.address.lower())
        self.nonces = 0
        deploy(destination, "FeeToken", sender=self.deployer)  # moves the addresses: no contract has its twin's
        self.origin, self.destination = (
            self._deploy_side(chain, domain) for chain, domain in ((origin, 9001), (destination, 9002))
        )
        self._configure(self.origin, self.destination)
        self._configure(self.destination, self.origin)

    def deploy(self, side: Side, artifact: str, *args: typing.Any) -> Contract:
        return deploy(side.chain, artifact, *args, sender=self.deployer)

    def fund(self, side: Side, account: str, amount: int, token: Contract | None = None) -> None:
        token = token or side.token
        token.send("mint", account, amount)
        token.send("approve", side.settler.address, 2**256 - 1, sender=account)

    def intent(self, **changes: typing.Any) -> typing.Any:
        """An offer of the user's, whose input the user has and allows; `changes` are fields to set."""
        self.nonces += 1
        now = self.origin.chain.now
        fields = {
            "user": self.user, "recipient": self.recipient,
            "originChainId": self.origin.chain.chain_id, "destinationChainId": self.destination.chain.chain_id,
            "inputToken": self.origin.token.address, "inputAmount": 1_000_000,
            "outputToken": self.destination.token.address, "minOutputAmount": 990_000,
            "nonce": self.nonces, "openDeadline": now + 600, "fillDeadline": now + 3600,
            "auctioneer": self.auctioneer,
        }  # fmt: skip
        intent = Intent(**(fields | changes))
        if intent.inputToken == self.origin.token.address and intent.user in self.keys:
            self.fund(self.origin, intent.user, intent.inputAmount)
        return intent

    def match(self, intent: typing.Any = None, **changes: typing.Any) -> Match:
        """The intent with its award; `changes` are fields of the award, the solver can pay what it says."""
        intent = intent or self.intent()
        intent_id = self.digest("Intent", intent)
        fields = {
            "intentId": intent_id, "solver": self.solver, "outputAmount": intent.minOutputAmount + 5,
            "openBy": intent.openDeadline, "fillBy": intent.fillDeadline,
        }  # fmt: skip
        award = Award(**(fields | changes))
        if intent.outputToken == self.destination.token.address and award.solver in self.keys:
            self.fund(self.destination, award.solver, award.outputAmount)
        by_user = self.sign(intent.user, "Intent", intent) if intent.user in self.keys else b""
        by_auctioneer = self.sign(intent.auctioneer, "Award", award) if intent.auctioneer in self.keys else b""
        return Match(intent, award, intent_id, by_user, by_auctioneer)

    def digest(self, struct: str, message: typing.Any, side: Side | None = None) -> bytes:
        """The EIP-712 digest under the settler of the origin (or of `side`), by an independent implementation."""
        side = side or self.origin
        domain = {"name": "Orbital Intents", "version": "1", "chainId": side.chain.chain_id}
        domain["verifyingContract"] = side.settler.address
        signable = eth_account.messages.encode_typed_data(domain, {struct: FIELDS[struct]}, message._asdict())
        return eth_utils.keccak(b"\x19" + signable.version + signable.header + signable.body)

    def sign(self, account: str, struct: str, message: typing.Any, side: Side | None = None) -> bytes:
        return self.sign_hash(account, self.digest(struct, message, side))

    def sign_hash(self, account: str, digest: bytes) -> bytes:
        return bytes(eth_account.Account.unsafe_sign_hash(digest, self.keys[account].key).signature)

    def open(self, match: Match) -> Receipt:
        return self.origin.settler.send("openFor", *match.open_args, sender=match.award.solver)

    def fill(self, match: Match, repay_to: str | None = None, value: int = MAILBOX_FEE) -> Receipt:
        args = match.fill_args(repay_to or self.payee)
        return self.destination.settler.send("fill", *args, sender=match.award.solver, value=value)

    def delivery(self, receipt: Receipt) -> tuple[bytes, bytes]:
        """Metadata and message that deliver what the receipt's transaction dispatched."""
        message = receipt.event("Dispatch")["message"]
        signable = eth_account.messages.encode_defunct(eth_utils.keccak(message))
        return bytes(self.keys[self.validator].sign_message(signable).signature), message

    def relay(self, receipt: Receipt) -> Receipt:
        """Delivers to the origin what the receipt's transaction dispatched on the destination."""
        return self.origin.mailbox.send("process", *self.delivery(receipt))

    @contextlib.contextmanager
    def reverts(self, name: str, *values: typing.Any) -> collections.abc.Iterator[None]:
        """The block fails with this contract error, and with these arguments if any are given."""
        with pytest.raises(Reverted) as caught:
            yield
        assert caught.value.name == name
        assert not values or caught.value.values == values

    def _deploy_side(self, chain: typing.Any, domain: int) -> Side:
        mailbox = deploy(chain, "LocalMailbox", domain, self.validator, MAILBOX_FEE, sender=self.deployer)
        settler = deploy(chain, "IntentSettler", REFUND_DELAY, sender=self.deployer)
        token = deploy(chain, "TestToken", "USD Coin", "USDC", 6, sender=self.deployer)
        return Side(chain, domain, mailbox, settler, token)

    def _configure(self, side: Side, other: Side) -> None:
        peers = [(other.chain.chain_id, other.settler.address, other.domain)]
        side.settler.send("configure", side.mailbox.address, peers)


@functools.cache
def derive_account(index: int) -> typing.Any:
    eth_account.Account.enable_unaudited_hdwallet_features()
    return eth_account.Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")


@contextlib.contextmanager
def run_anvil(chain_id: int, log: pathlib.Path) -> collections.abc.Iterator[Anvil]:
    port = ports.find_free_port()
    chain = Anvil(f"http://{ports.LOOPBACK}:{port}", chain_id)

    def is_ready(_pid: int) -> bool:
        try:
            return int(chain.rpc("eth_chainId"), 16) == chain_id
        except httpx.TransportError:
            return False

    options = ("--port", str(port), "--chain-id", str(chain_id), "--timestamp", str(GENESIS_TIME), "--silent")
    with (
        chain.client,
        process.start(process.Command(name="anvil", argv=(str(ANVIL), *options), is_ready=is_ready), log),
    ):
        chain.rpc("anvil_setBlockTimestampInterval", 0)
        yield chain


@pytest.fixture(scope="session")
def deployed_world(tmp_path_factory: pytest.TempPathFactory) -> collections.abc.Iterator[World]:
    folder = tmp_path_factory.mktemp("chains")
    with run_anvil(31337, folder / "origin.log") as origin, run_anvil(31338, folder / "destination.log") as destination:
        yield World(origin, destination)


@pytest.fixture
def world(deployed_world: World) -> collections.abc.Iterator[World]:
    chains = [deployed_world.origin.chain, deployed_world.destination.chain]
    snapshots = [chain.rpc("evm_snapshot") for chain in chains]
    yield deployed_world
    for chain, snapshot in zip(chains, snapshots, strict=True):
        assert chain.rpc("evm_revert", snapshot)


@pytest.fixture(scope="session")
def world_class() -> type[World]:
    """For worlds on other chains than anvil."""
    return World
