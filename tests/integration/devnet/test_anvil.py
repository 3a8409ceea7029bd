import json
import pathlib
import signal
import socket
import time
from typing import Any

import pytest

from orbital.devnet import anvil, ports, process, settings
from orbital.domain import errors

LOGGER_RUNTIME = "600160206000a100"  # LOG1(memory 0..32, topic 1), stop
LOGGER_CREATION = f"0x67{LOGGER_RUNTIME}60005260086018f3"  # puts the eight bytes above into memory and returns them


def wanted(folder: pathlib.Path, **changes: Any) -> settings.AnvilSettings:
    return settings.AnvilSettings(data_dir=folder, chain_id=31337, **{"block_seconds": 0, **changes})


def block(port: int, height: str, *, is_full: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = anvil.call(port, "eth_getBlockByNumber", height, is_full)
    return found


def capture(port: int, contract: str, transactions: list[str]) -> dict[str, Any]:
    head = int(anvil.call(port, "eth_blockNumber"), 16)
    blocks = [block(port, hex(number), is_full=True) for number in range(head + 1)]
    return {
        "blocks": blocks,
        "logs": anvil.call(port, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "address": contract}),
        "logs by hash": [anvil.call(port, "eth_getLogs", {"blockHash": each["hash"]}) for each in blocks],
        "receipts": [anvil.call(port, "eth_getTransactionReceipt", transaction) for transaction in transactions],
        "code": anvil.call(port, "eth_getCode", contract, "latest"),
        "tags": [block(port, tag)["number"] for tag in ("safe", "finalized")],
    }


def send(port: int, **transaction: str) -> dict[str, Any]:
    """Send from the first account and wait for the receipt."""
    sender = anvil.call(port, "eth_accounts")[0]
    receipt: dict[str, Any] = anvil.call(port, "eth_sendTransactionSync", {"from": sender, **transaction})
    assert receipt["status"] == "0x1"
    return receipt


def emit_logs(port: int, count: int) -> tuple[str, list[str]]:
    creation = send(port, data=LOGGER_CREATION)
    contract = creation["contractAddress"]
    calls = [send(port, to=contract) for _ in range(count)]
    return contract, [receipt["transactionHash"] for receipt in (creation, *calls)]


def test_history_is_the_same_after_a_clean_restart(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    with process.start(chain.command, log_dir / "anvil.log"):
        contract, transactions = emit_logs(chain.port, 5)
        before = capture(chain.port, contract, transactions)
    assert anvil.inspect(wanted(tmp_path)) is anvil.Saved.WHOLE
    assert len(before["logs"]) == 5
    with process.start(anvil.prepare(wanted(tmp_path)).command, log_dir / "anvil.log"):
        assert capture(chain.port, contract, transactions) == before


def test_blocks_go_on_at_the_present_time_after_a_restart(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    with process.start(chain.command, log_dir / "anvil.log"):
        emit_logs(chain.port, 1)
        last = block(chain.port, "latest")
    stopped_at = int(time.time())
    with process.start(chain.command, log_dir / "anvil.log"):
        anvil.call(chain.port, "anvil_mine", "0x1")
        newest = block(chain.port, "latest")
    assert newest["parentHash"] == last["hash"]
    assert stopped_at - 1 <= int(newest["timestamp"], 16) <= time.time() + 1  # the node's clock is set in whole seconds


def test_state_at_past_heights_is_lost_by_a_restart(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    account = "0x70997970c51812dc3a010c7d01b50e0d17dc79c8"
    with process.start(chain.command, log_dir / "anvil.log"):
        emit_logs(chain.port, 3)
        assert int(anvil.call(chain.port, "eth_getBalance", account, "0x1"), 16) > 0
    with process.start(chain.command, log_dir / "anvil.log"):
        assert int(anvil.call(chain.port, "eth_getBalance", account, "latest"), 16) > 0
        with pytest.raises(errors.Unavailable, match="BlockOutOfRange"):
            anvil.call(chain.port, "eth_getBalance", account, "0x1")
        with pytest.raises(errors.Unavailable, match="Required data unavailable"):
            anvil.call(chain.port, "anvil_reorg", 2, [])


def test_killed_chain_is_lost_and_refuses_to_start(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    process.start(chain.command, log_dir / "anvil.log").stop()
    process.start(chain.command, log_dir / "anvil.log").kill()
    assert anvil.inspect(wanted(tmp_path)) is anvil.Saved.LOST
    with pytest.raises(errors.Corrupt, match="chain_lost"):
        process.start(chain.command, log_dir / "anvil.log")


@pytest.mark.soak
def test_a_chain_that_ran_for_longer_than_a_minute_is_lost_by_a_kill_too(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    chain = anvil.prepare(wanted(tmp_path, block_seconds=1))
    with process.start(chain.command, log_dir / "anvil.log") as running:
        while int(anvil.call(chain.port, "eth_blockNumber"), 16) < 65:
            time.sleep(1)
        running.kill()
    assert anvil.inspect(wanted(tmp_path)) is anvil.Saved.LOST


def test_a_chain_is_told_to_write_no_state_while_it_runs(tmp_path: pathlib.Path) -> None:
    words = anvil.prepare(wanted(tmp_path)).command.argv
    assert int(words[words.index("--state-interval") + 1]) == 365 * 86400


def test_torn_dump_is_recognised_and_refused(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    process.start(chain.command, log_dir / "anvil.log").stop()
    dump = chain.folder / anvil.DUMP
    dump.write_bytes(dump.read_bytes()[:-1])
    assert anvil.inspect(wanted(tmp_path)) is anvil.Saved.TORN
    with pytest.raises(errors.Corrupt, match="cut off"):
        process.start(chain.command, log_dir / "anvil.log")


def test_failed_start_does_not_lose_the_saved_chain(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    with process.start(chain.command, log_dir / "anvil.log"):
        genesis = block(chain.port, "0x0")["hash"]
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind((ports.LOOPBACK, chain.port))
        squatter.listen()
        with pytest.raises(errors.Unavailable, match="in use"):
            process.start(chain.command, log_dir / "anvil.log")
    assert anvil.inspect(wanted(tmp_path)) is anvil.Saved.WHOLE
    with process.start(chain.command, log_dir / "anvil.log"):
        assert block(chain.port, "0x0")["hash"] == genesis


def test_chain_that_starts_over_has_another_genesis(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    with process.start(chain.command, log_dir / "anvil.log"):
        first = block(chain.port, "0x0")
    anvil.remove(tmp_path)
    assert anvil.inspect(wanted(tmp_path)) is anvil.Saved.NOTHING
    while int(time.time()) == int(first["timestamp"], 16):  # the genesis differs by its second
        time.sleep(0.05)
    chain = anvil.prepare(wanted(tmp_path))
    with process.start(chain.command, log_dir / "anvil.log"):
        assert block(chain.port, "0x0")["hash"] != first["hash"]


def test_chain_is_what_was_asked_for(anvil_chain: Any) -> None:
    one, two = anvil_chain(31337), anvil_chain(31338, block_seconds=1, accounts=3)
    assert int(anvil.call(one.port, "eth_chainId"), 16) == 31337
    assert int(anvil.call(two.port, "eth_chainId"), 16) == 31338
    assert len(anvil.call(one.port, "eth_accounts")) == 20
    assert len(anvil.call(two.port, "eth_accounts")) == 3


def test_chain_reorganises_when_it_keeps_history_and_only_then(anvil_chain: Any) -> None:
    keeping, pruned = anvil_chain(31337), anvil_chain(31338, keeps_history=False)
    for chain in (keeping, pruned):
        anvil.call(chain.port, "anvil_mine", "0x5")
    before = block(keeping.port, "0x4")["hash"]
    anvil.call(keeping.port, "anvil_reorg", 2, [])
    assert block(keeping.port, "0x4")["hash"] != before
    with pytest.raises(errors.Unavailable, match="Required data unavailable"):
        anvil.call(pruned.port, "anvil_reorg", 2, [])


def test_cache_of_past_states_is_dropped_at_the_next_start(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path))
    left = chain.folder / anvil.CACHE / "left by a kill"
    left.mkdir(parents=True)
    with process.start(chain.command, log_dir / "anvil.log"):
        assert not left.exists()


def test_dump_of_a_terminated_chain_is_one_json_object(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    chain = anvil.prepare(wanted(tmp_path, block_seconds=1))
    running = process.start(chain.command, log_dir / "anvil.log")
    assert running.command.death_signal is signal.SIGTERM
    assert running.stop() == 0
    assert "blocks" in json.loads((chain.folder / anvil.DUMP).read_bytes())
