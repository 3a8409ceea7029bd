"""The committed artifacts are what the sources compile to; their events are the published ones, their errors tested."""

import json
import pathlib
import shutil
import subprocess
import typing

import pytest

ROOT = pathlib.Path(__file__).parents[3]
ARTIFACTS = ("src/orbital/chain/abi", "tests/integration/contracts/artifacts")
PUBLISHED = ("IntentSettler", "SolverRegistry", "LocalMailbox", "OrbitalPool")
INTENT = (
    "(address user,address recipient,uint256 originChainId,uint256 destinationChainId,address inputToken,"
    "uint256 inputAmount,address outputToken,uint256 minOutputAmount,uint256 nonce,uint64 openDeadline,"
    "uint64 fillDeadline,address auctioneer)"
)
# What indexers read. IntentSettler's MessageIgnored says that a message found its escrow closed.
EVENTS = {
    "IntentSettler": {
        (
            f"IntentOpened(bytes32 indexed intentId,address indexed user,address indexed solver,{INTENT} intent,"
            "uint256 outputAmount)"
        ),
        (
            "IntentFilled(bytes32 indexed intentId,address indexed solver,address indexed recipient,"
            "address outputToken,uint256 outputAmount,uint256 originChainId,address repayTo)"
        ),
        (
            "IntentSettled(bytes32 indexed intentId,address indexed solver,address repayTo,address inputToken,"
            "uint256 inputAmount)"
        ),
        "IntentExpired(bytes32 indexed intentId,uint256 originChainId)",
        "IntentRefunded(bytes32 indexed intentId,address indexed user,address inputToken,uint256 inputAmount)",
        "PayoutCredited(bytes32 indexed intentId,address indexed account,address token,uint256 amount)",
        "PayoutClaimed(address indexed account,address token,uint256 amount)",
        "NonceInvalidated(address indexed user,uint256 nonce)",
        "MessageIgnored(bytes32 indexed intentId,uint8 kind,uint8 status)",
    },
    "SolverRegistry": {
        "SolverRegistered(address indexed solver,uint256 bond)",
        "BondChanged(address indexed solver,uint256 bond,uint256 inWithdrawal)",
        "SolverSlashed(address indexed solver,uint256 amount,bytes32 indexed intentId)",
    },
    "LocalMailbox": {
        "Dispatch(address indexed sender,uint32 indexed destination,bytes32 indexed recipient,bytes message)",
        "DispatchId(bytes32 indexed messageId)",
        "Process(uint32 indexed origin,bytes32 indexed sender,address indexed recipient)",
        "ProcessId(bytes32 indexed messageId)",
    },
    "OrbitalPool": {
        "PoolCreated(address[] tokens,uint8[] decimals,uint24 feePpm)",
        "TickCreated(uint256 indexed tickId,uint256 plane)",
        "TickCrossed(uint256 indexed tickId,bool interior)",
        ("LiquidityAdded(address indexed provider,uint256 indexed tickId,uint256 radius,uint256[] amounts)"),
        ("LiquidityRemoved(address indexed provider,uint256 indexed tickId,uint256 radius,uint256[] amounts)"),
        "FeesCollected(address indexed provider,uint256 indexed tickId,uint256[] amounts)",
        (
            "Swap(address indexed trader,uint256 tokenIn,uint256 tokenOut,uint256 amountIn,uint256 amountOut,"
            "uint256 fee,address to)"
        ),
    },
}


def run_check(root: pathlib.Path) -> subprocess.CompletedProcess[str]:
    command = ["node", root / "contracts/build.mjs", "--check"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=False)


def test_artifacts_are_fresh():
    checked = run_check(ROOT)
    assert checked.returncode == 0, checked.stderr


def test_stale_missing_and_orphaned_artifacts_are_noticed(tmp_path: pathlib.Path):
    for folder in ("contracts", *ARTIFACTS):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    (tmp_path / ARTIFACTS[0] / "TestToken.json").unlink()
    (tmp_path / ARTIFACTS[1] / "NoSuchContract.json").write_text("{}\n", encoding="utf-8")
    with (tmp_path / "contracts/src/IMailbox.sol").open("a") as source:
        source.write("// changed\n")
    checked = run_check(tmp_path)
    assert checked.returncode == 1
    assert set(checked.stderr.splitlines()) == {
        f"missing: {ARTIFACTS[0]}/TestToken.json",
        f"stale: {ARTIFACTS[0]}/IntentSettler.json",
        f"stale: {ARTIFACTS[0]}/LocalMailbox.json",
        f"without source: {ARTIFACTS[1]}/NoSuchContract.json",
        "run `make contracts` and commit the artifacts",
    }


def load_abi(name: str) -> list[dict[str, typing.Any]]:
    return json.loads((ROOT / ARTIFACTS[0] / f"{name}.json").read_text())["abi"]


def declare(parameters: list[dict[str, typing.Any]]) -> str:
    def declared(parameter: dict[str, typing.Any]) -> str:
        kind = declare(parameter["components"]) if parameter["type"] == "tuple" else parameter["type"]
        return f"{kind}{' indexed' if parameter.get('indexed') else ''} {parameter['name']}"

    return f"({','.join(map(declared, parameters))})"


@pytest.mark.parametrize("name", PUBLISHED)
def test_events_are_the_published_ones(name: str):
    events = [entry for entry in load_abi(name) if entry["type"] == "event"]
    assert {entry["name"] + declare(entry["inputs"]) for entry in events} == EVENTS[name]


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_error_has_a_test(name: str):
    abi = load_abi(name)
    tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.rglob("test_*.py"))
    declared = {entry["name"] for entry in abi if entry["type"] == "error"}
    assert {error for error in declared if f'"{error}"' not in tests and f'"{error}()"' not in tests} == set()


def test_bytecode_holds_no_metadata():
    for path in (ROOT / "src/orbital/chain/abi").glob("*.json"):
        assert "a264697066735822" not in json.loads(path.read_text())["bytecode"]
