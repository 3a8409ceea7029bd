"""`orbital config`, `digest`, `rewind`, `reindex` as an operator types them: what they print, and what they refuse."""

import asyncio
import json
import subprocess
import sys

import asyncpg
import pytest

from orbital.chain import hexes
from orbital.devnet import accounts

UNKNOWN = "5"


@pytest.fixture
def orbital(environment):
    """`await orbital("digest", "--json", **environment)`: run a command; returns status, output and errors."""

    async def run(*words: str, **changes):
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "orbital", *words],
            env={**environment, **changes},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


async def test_a_chain_is_indexed_again_elsewhere_and_taken_back(world, orbital, other_url, database_url, fingerprint):
    chain, again = str(world.origin), {"DATABASE_URL": other_url}
    await world.open(await world.match())
    async with world.indexing(world.origin):
        await world.caught_up(world.origin)
    head, indexed = (await world.checkpoint(world.origin)).number, await fingerprint()
    reindexed, unkept, unindexed = await asyncio.gather(
        orbital("reindex", "--chain", chain, "--from", database_url, **again),
        orbital("reindex", "--chain", UNKNOWN, "--from", database_url, **again),
        orbital("rewind", "--chain", UNKNOWN, "--to", "1"),
    )
    assert (reindexed.returncode, reindexed.stderr) == (0, "")
    assert f"chain {chain}: indexed {head + 1} blocks with " in reindexed.stdout
    assert reindexed.stdout.endswith(f"the checkpoint is {head}\n")
    assert (unkept.returncode, unkept.stdout) == (1, "")
    assert unkept.stderr == f"nothing_kept: That database never followed chain {UNKNOWN}.\n"
    assert (unindexed.returncode, unindexed.stdout) == (1, "")
    assert unindexed.stderr == f"nothing_indexed: Nothing is indexed of chain {UNKNOWN}.\n"

    same, rewound, slipped = await asyncio.gather(
        orbital("digest", "--json", **again),
        orbital("rewind", "--chain", chain, "--to", "1"),
        orbital("rewind", "--chain", chain, "--to", "-1"),
    )
    assert (slipped.returncode, slipped.stdout) == (1, "")
    assert slipped.stderr == "below_start: Block -1 is before 0, the chain's first: to give up everything say --all.\n"
    assert (same.returncode, same.stderr) == (0, "")
    assert json.loads(same.stdout) == {
        "parts": {name: {"rows": part.rows, "sha256": part.sha256} for name, part in indexed.parts.items()},
        "total": indexed.total,
    }
    assert (rewound.returncode, rewound.stderr) == (0, "")
    fallen = indexed.parts["facts"].rows - (await fingerprint()).parts["facts"].rows
    assert fallen > 0
    assert f"went back from block {head} to block 1: {fallen} facts do not count any more\n" in rewound.stdout


async def test_a_database_that_does_not_fit_is_told_in_a_line(orbital, database_url, other_url):
    empty = await asyncpg.connect(other_url)
    await empty.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await empty.close()
    nameless, _, _ = database_url.rpartition("/")
    user, _, place = database_url.removeprefix("postgresql://").rpartition("@")
    told = await asyncio.gather(
        orbital("digest", DATABASE_URL=f"postgresql://{user.partition(':')[0]}:wrong-one@{place}"),
        orbital("digest", DATABASE_URL=f"{nameless}/nowhere"),
        orbital("digest", DATABASE_URL=f"{database_url}?unheard_of=1"),
        orbital("digest", DATABASE_URL=other_url),
        orbital("reindex", "--chain", UNKNOWN, "--from", "hello"),
        orbital("reindex", "--chain", UNKNOWN, "--from", other_url),
    )
    assert [(one.returncode, one.stderr.partition(":")[0], one.stderr.count("\n")) for one in told] == [
        *([(1, "database_refused", 1)] * 3),
        *((1, "schema_behind", 1), (1, "invalid_url", 1), (1, "schema_behind", 1)),
    ]
    assert [one.stderr.split(": ")[1] for one in told] == [*(["DATABASE_URL"] * 4), *(["--from"] * 2)]
    assert "wrong-one" not in told[0].stderr


async def test_settings_are_shown_without_secrets_and_held_against_what_is_there(world, orbital, tmp_path):
    origin, destination = world.network.chains.values()
    (origin_url, origin_ws), (_, other_ws) = ((one.rpc_url, one.ws_url) for one in world.running.values())
    place = origin_url.removeprefix("http://")
    settler, mailbox = hexes.to_checksum(origin.settler), hexes.to_checksum(origin.mailbox)
    given = {
        f"{origin.name.upper()}_RPC_URL": f"http://user:hunter2@{place}/hunter3",
        "AUCTIONEER_PRIVATE_KEY": accounts.AUCTIONEER,
    }
    wrong = tmp_path / "wrong.toml"
    start = f"start_block = {origin.start_block}"
    head, middle, end = (tmp_path / "orbital.toml").read_text().partition(f"[chains.{destination.name}]")
    wrong.write_text(
        head.replace(f"domain = {origin.domain}", "domain = 5").replace(start, "start_block = 9000")
        + (middle + end).replace(other_ws, origin_ws).replace(hexes.to_checksum(destination.settler), f"0x{'ab' * 20}")
    )
    shown, good, bad, keyless = await asyncio.gather(
        orbital("config", **given),
        orbital("config", "check", **given),
        orbital("config", "check", ORBITAL_CONFIG=str(wrong), AUCTIONEER_PRIVATE_KEY=accounts.SOLVERS[0]),
        orbital("config", "check", SOLVER_PRIVATE_KEY="0x12", JWT_SECRET="short"),
    )
    for line in (
        f"chain {origin.chain_id} ({origin.name})",
        f"  nodes = {place}",
        f"  heads announced by = {origin_ws.removeprefix('ws://')}",
        f"  start_block = {origin.start_block}",
        "  final = by the tags of the chain",
        f"  settler = {settler}",
    ):
        assert f"{line}\n" in shown.stdout
    assert "\nAUCTIONEER_PRIVATE_KEY = ********\nSOLVER_PRIVATE_KEY = (not set)\n" in shown.stdout
    assert accounts.AUCTIONEER.removeprefix("0x") not in shown.stdout
    assert (good.returncode, good.stderr) == (0, "")
    assert f"AUCTIONEER_PRIVATE_KEY: ok, signs as {hexes.to_checksum(world.network.auctioneer)}\n" in good.stdout
    assert all(": ok, " in line for line in good.stdout.splitlines())
    assert "hunter" not in shown.stdout + good.stdout
    assert (bad.returncode, bad.stderr) == (1, "")
    faults = {line.partition(": ")[0]: line.split(": ")[1] for line in bad.stdout.splitlines() if ": ok, " not in line}
    assert faults == {
        "AUCTIONEER_PRIVATE_KEY": "wrong_auctioneer_key",
        f"chain {origin.chain_id} node {place}": "start_block_ahead",
        f"chain {origin.chain_id} mailbox {mailbox}": "wrong_domain",
        f"chain {destination.chain_id} heads {origin_ws.removeprefix('ws://')}": "wrong_chain",
        f"chain {destination.chain_id} settler {hexes.to_checksum(bytes.fromhex('ab' * 20))}": "no_contract",
    }
    assert (keyless.returncode, keyless.stdout) == (2, "")
    assert [line.split()[1] for line in keyless.stderr.splitlines()[1:]] == ["SOLVER_PRIVATE_KEY", "JWT_SECRET"]
