"""The intent id that the settler computes is the one that every other implementation computes.

The settler runs in an EVM in this process, with peers on chains of extreme ids. A further implementation is a function
from the twelve fields and the origin's settler to 32 bytes, and one line in `DIGESTS`.
"""

import collections.abc
import json
import pathlib
import random
import typing

import eth_abi
import eth_account.messages
import eth_utils
import pytest

from orbital.chain import eip712
from orbital.domain import intent as intents

pyrevm = pytest.importorskip("pyrevm", reason="no wheel for this Python")

ROUNDS = 1_000
ABI = pathlib.Path(__file__).parents[2] / "src/orbital/chain/abi"
DEPLOYER = "0x" + "d0" * 20
OWN_CHAIN = 31_337
PEERS = {chain_id: bytes([number + 1]) * 20 for number, chain_id in enumerate((0, 1, 2**64 - 1, 2**64, 2**256 - 1))}
FIELDS = {
    "user": "address", "recipient": "address", "originChainId": "uint256", "destinationChainId": "uint256",
    "inputToken": "address", "inputAmount": "uint256", "outputToken": "address", "minOutputAmount": "uint256",
    "nonce": "uint256", "openDeadline": "uint64", "fillDeadline": "uint64", "auctioneer": "address",
}  # fmt: skip
INTENT = f"({','.join(FIELDS.values())})"
Values = tuple[typing.Any, ...]
Digest = collections.abc.Callable[[Values, bytes], bytes]


def digest_of_eth_account(values: Values, settler: bytes) -> bytes:
    domain = {"name": "Orbital Intents", "version": "1", "chainId": values[2], "verifyingContract": settler}
    types = {"Intent": [{"name": name, "type": kind} for name, kind in FIELDS.items()]}
    signable = eth_account.messages.encode_typed_data(domain, types, dict(zip(FIELDS, values, strict=True)))
    return eth_utils.keccak(b"\x19" + signable.version + signable.header + signable.body)


def digest_of_orbital(values: Values, settler: bytes) -> bytes:
    return eip712.intent_id(intents.Intent(*values), settler)


DIGESTS: dict[str, Digest] = {
    "eth_account": digest_of_eth_account,
    "orbital": digest_of_orbital,
}


class Settler:
    """The settler of chain 31337 with its peers."""

    def __init__(self) -> None:
        self.evm = pyrevm.EVM(env=pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=OWN_CHAIN)), spec_id="CANCUN")
        mailbox = self._deploy("LocalMailbox", ["uint32", "address", "uint256"], [1, DEPLOYER, 1])
        self.address = self._deploy("IntentSettler", ["uint256"], [30])
        peers = [(chain_id, settler, number + 2) for number, (chain_id, settler) in enumerate(PEERS.items())]
        self._call("configure", ["address", "(uint256,address,uint32)[]"], [mailbox, peers])
        self.settlers = {OWN_CHAIN: bytes.fromhex(self.address[2:])} | PEERS

    def intent_id(self, values: Values) -> bytes:
        return self._call("intentId", [INTENT], [values])

    def _deploy(self, name: str, types: list[str], args: list[typing.Any]) -> str:
        code = bytes.fromhex(json.loads((ABI / f"{name}.json").read_text())["bytecode"][2:])
        return self.evm.deploy(DEPLOYER, code + eth_abi.encode(types, args))

    def _call(self, function: str, types: list[str], args: list[typing.Any]) -> bytes:
        selector = eth_utils.keccak(text=f"{function}({','.join(types)})")[:4]
        return self.evm.message_call(DEPLOYER, self.address, calldata=selector + eth_abi.encode(types, args))


@pytest.fixture(scope="module")
def settler() -> Settler:
    return Settler()


def random_value(rng: random.Random, kind: str) -> typing.Any:
    if kind == "address":
        return rng.choice((bytes(20), b"\xff" * 20, rng.randbytes(20), rng.randbytes(20)))
    bits = int(kind.removeprefix("uint"))
    return rng.choice((0, 1, 2**bits - 1, rng.getrandbits(bits), rng.getrandbits(rng.randint(1, bits))))


def random_intents(seed: int, origins: collections.abc.Iterable[int]) -> collections.abc.Iterator[Values]:
    rng, chains = random.Random(seed), sorted(origins)
    for _ in range(ROUNDS):
        values = {name: random_value(rng, kind) for name, kind in FIELDS.items()}
        yield tuple((values | {"originChainId": rng.choice(chains)}).values())


@pytest.mark.parametrize("name", DIGESTS)
def test_intent_id_of_the_contract_equals_the_digest(settler: Settler, name: str) -> None:
    for values in random_intents(712, settler.settlers):
        assert settler.intent_id(values) == DIGESTS[name](values, settler.settlers[values[2]]), values


@pytest.mark.parametrize("name", DIGESTS)
def test_every_field_changes_the_intent_id(settler: Settler, name: str) -> None:
    values = next(random_intents(713, [OWN_CHAIN]))
    seen = {DIGESTS[name](values, settler.settlers[OWN_CHAIN])}
    for index, kind in enumerate(FIELDS.values()):
        changed = b"\x5a" * 20 if kind == "address" else (1 if index == 2 else 0x5A)
        other = (*values[:index], changed, *values[index + 1 :])
        digest = DIGESTS[name](other, settler.settlers[other[2]])
        assert digest == settler.intent_id(other)
        seen.add(digest)
    assert len(seen) == len(FIELDS) + 1


def test_deadline_above_64_bits_has_no_intent_id(settler: Settler) -> None:
    types = INTENT.replace("uint64", "uint256")
    values = (*next(random_intents(714, [OWN_CHAIN]))[:9], 2**64, 2**64, bytes(20))
    data = eth_utils.keccak(text=f"intentId({INTENT})")[:4] + eth_abi.encode([types], [values])
    with pytest.raises(RuntimeError, match="Revert"):
        settler.evm.message_call(DEPLOYER, settler.address, calldata=data)
