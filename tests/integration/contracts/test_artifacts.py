"""The committed artifacts are what the sources compile to, and every error of theirs has a test."""

import json
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[3]
ARTIFACTS = ("src/orbital/chain/abi", "tests/integration/contracts/artifacts")
SETTLEMENT = ("IntentSettler", "SolverRegistry", "LocalMailbox")


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


@pytest.mark.parametrize("name", SETTLEMENT)
def test_every_error_has_a_test(name: str):
    abi = json.loads((ROOT / f"src/orbital/chain/abi/{name}.json").read_text())["abi"]
    tests = "".join(path.read_text() for path in pathlib.Path(__file__).parent.glob("test_*.py"))
    declared = {entry["name"] for entry in abi if entry["type"] == "error"}
    assert {error for error in declared if f'"{error}"' not in tests and f'"{error}()"' not in tests} == set()


def test_bytecode_holds_no_metadata():
    for path in (ROOT / "src/orbital/chain/abi").glob("*.json"):
        assert "a264697066735822" not in json.loads(path.read_text())["bytecode"]
