"""`orbital up` as others rely on it: its flags, its file, its end."""

import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
PROCESSES = {
    "postgres",
    "redis",
    "anvil-31337",
    "anvil-31338",
    "api",
    "indexer-31337",
    "indexer-31338",
    "auctioneer",
    "publisher",
    "analytics",
    "solver-1",
    "solver-2",
    "relayer",
}


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def test_a_taken_port_is_exit_status_2(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "orbital",
                "up",
                "--port",
                str(taken.getsockname()[1]),
                "--data-dir",
                tmp_path / "d",
            ],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert done.returncode == 2
    assert "is taken" in done.stderr


def test_a_stack_that_can_say_nothing_ends_with_its_servers(tmp_path, alive):
    with pathlib.Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "orbital", "up", "--port", "0", "--data-dir", tmp_path / "d"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=90,
            check=False,
        )
    said = "orbital: unwritable_output: Standard output can't be written: No space left on device.\n"
    assert (done.returncode, done.stderr) == (1, said)
    pids = [path.read_text().split()[0] for path in tmp_path.rglob("postmaster.pid")]
    assert (tmp_path / "d/logs/postgres.log").exists(), "it had servers to end"
    assert not any(alive(int(pid)) for pid in pids)


def list_solvers(api_url):
    """Names of those who may bid: the stack's solvers have a bond and registered themselves."""
    shown = json.loads(get(f"{api_url}/api/v1/solver?status=active&chain_id=31338"))
    return {one["name"] for one in shown["data"]}


def test_devnet_json_tells_everything_and_goes_away(start_up, alive, eventually):
    up = start_up("--no-demo")
    devnet = up.wait_ready()
    assert set(devnet) == {
        "api_url", "database_url", "redis_url", "auctioneer", "registry", "chains", "processes", "metrics_urls"
    }  # fmt: skip
    assert set(devnet["processes"]) == PROCESSES
    assert all(alive(pid) for pid in devnet["processes"].values())
    assert [chain["chain_id"] for chain in devnet["chains"]] == [31337, 31338]
    for chain in devnet["chains"]:
        assert set(chain) == {"chain_id", "domain", "rpc_url", "ws_url", "settler", "mailbox", "pools", "tokens"}
        assert set(chain["tokens"]) == {"USDC", "USDT", "DAI", "FRAX"}
        assert chain["domain"] != chain["chain_id"]
        assert ADDRESS.fullmatch(chain["settler"])
    for name, url in devnet["metrics_urls"].items():
        assert "# TYPE" in get(url), name
    eventually(lambda: is_healthy(devnet["api_url"]), 60)
    eventually(lambda: list_solvers(devnet["api_url"]) == {"Devnet solver 1", "Devnet solver 2"}, 60)

    assert up.stop(signal.SIGINT) == 0, up.output
    assert not (up.data_dir / "devnet.json").exists()
    eventually(lambda: not any(alive(pid) for pid in devnet["processes"].values()), 60)


def is_healthy(api_url):
    try:
        return json.loads(get(f"{api_url}/health"))["status"] == "healthy"
    except OSError:  # 503 while it is not
        return False


@pytest.mark.parametrize("name", ["redis", "postgres"])
def test_a_killed_server_comes_back_and_is_said(start_up, eventually, name):
    up = start_up("--no-demo")
    before = up.wait_ready()
    subprocess.run(["kill", "-9", str(before["processes"][name])], check=True)
    eventually(lambda: up.devnet["processes"].get(name) not in {None, before["processes"][name]}, 60)
    assert f"{name} (pid {before['processes'][name]}) was ended by signal 9; it is started again" in up.output
    eventually(lambda: is_healthy(before["api_url"]), 60)


def test_a_second_stack_in_one_folder_is_refused(start_up):
    first = start_up("--no-demo")
    first.wait_ready()
    second = start_up("--no-demo", data_dir=first.data_dir)
    assert second.popen.wait(90) == 2
    assert pathlib.Path(first.data_dir, "devnet.json").exists()
