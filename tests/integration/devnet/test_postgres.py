import os
import pathlib
import pwd
import signal
import sys

import asyncpg
import pytest

from orbital.devnet import identity, leftovers, ports, postgres, process, settings, tether
from orbital.domain import errors


def prepare(folder: pathlib.Path, **changes: object) -> postgres.Server:
    return postgres.prepare(settings.PostgresSettings(data_dir=folder, durable=False, **changes))


async def ask(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def program_of(pid: int) -> str:
    return pathlib.Path(f"/proc/{pid}/exe").resolve().name


def uid_of(pid: int) -> int:
    return pathlib.Path(f"/proc/{pid}").stat().st_uid


def capabilities_of(pid: int) -> int:
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return int(effective.split()[1], 16)


async def test_server_runs_under_the_reported_pid_and_refuses_a_wrong_password(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    server = prepare(tmp_path / "pg")
    with process.start(server.command, log_dir / "pg.log") as running:
        assert program_of(running.pid) == "postgres"
        assert leftovers.is_process_in(running.pid, server.cluster)
        assert await ask(server.url, "SELECT current_setting('listen_addresses')") == "127.0.0.1"
        assert await ask(server.url, "SELECT current_setting('unix_socket_directories')") == ""
        with pytest.raises(asyncpg.InvalidPasswordError):
            await ask(f"postgresql://orbital:wrong@127.0.0.1:{server.port}/postgres", "SELECT 1")
    assert not running.is_running
    assert leftovers.find_processes_in(server.cluster) == []


async def test_restart_keeps_data_port_and_password(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    first = prepare(tmp_path / "pg")
    with process.start(first.command, log_dir / "pg.log") as running:
        await ask(first.url, "CREATE TABLE kept AS SELECT 7 AS value")
    assert running.wait(0) == 0
    second = prepare(tmp_path / "pg")
    assert second.url == first.url
    with process.start(second.command, log_dir / "pg.log"):
        assert await ask(second.url, "SELECT value FROM kept") == 7


async def test_committed_data_survives_kill_9_and_an_immediate_start(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    server = postgres.prepare(settings.PostgresSettings(data_dir=tmp_path / "pg"))
    running = process.start(server.command, log_dir / "pg.log")
    connection = await asyncpg.connect(server.url)  # its backend outlives the postmaster for a moment
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    running.kill()
    again = postgres.prepare(settings.PostgresSettings(data_dir=tmp_path / "pg"))
    with process.start(again.command, log_dir / "pg.log"):
        assert await ask(server.url, "SELECT value FROM kept") == 7
    connection.terminate()


async def test_lock_file_with_a_foreign_live_pid_does_not_stop_the_start(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    server = prepare(tmp_path / "pg")
    process.start(server.command, log_dir / "pg.log").kill()
    lock = server.cluster / "postmaster.pid"
    foreign = process.start(process.Command(name="foreign", argv=("sleep", "60")), log_dir / "foreign.log")
    with foreign:
        lock.write_text("\n".join([str(foreign.pid), *lock.read_text().splitlines()[1:]]) + "\n")
        with process.start(server.command, log_dir / "pg.log"):
            assert await ask(server.url, "SELECT 1") == 1
        assert foreign.is_running


async def test_orphaned_server_is_ended_before_the_next_start(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    server = prepare(tmp_path / "pg")
    orphan = process.start(server.command, log_dir / "orphan.log")
    with process.start(server.command, log_dir / "pg.log") as running:
        assert not orphan.is_running
        assert await ask(server.url, "SELECT 1") == 1
        assert running.pid != orphan.pid


async def test_two_servers_run_side_by_side(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    one, two = prepare(tmp_path / "one"), prepare(tmp_path / "two")
    with process.start(one.command, log_dir / "one.log"), process.start(two.command, log_dir / "two.log"):
        await ask(one.url, "CREATE TABLE mine AS SELECT 1 AS value")
        assert await ask(two.url, "SELECT to_regclass('mine') IS NULL") is True


async def test_bundled_server_keeps_apart_from_the_clusters_of_other_versions(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    bundled = prepare(tmp_path / "pg", bundled=True)
    assert bundled.major == 18
    with process.start(bundled.command, log_dir / "pg.log"):
        assert await ask(bundled.url, "SELECT current_setting('server_version_num')::int / 10000") == 18
    chosen = prepare(tmp_path / "pg")
    assert chosen.major == postgres.find_binaries().major
    assert chosen.cluster == tmp_path / "pg" / str(chosen.major) / "data"


async def test_remove_ends_the_server_and_forgets_the_data(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    server = prepare(tmp_path / "pg")
    running = process.start(server.command, log_dir / "pg.log")
    await ask(server.url, "CREATE TABLE kept AS SELECT 7 AS value")
    postgres.remove(tmp_path / "pg")
    assert not running.is_running
    fresh = prepare(tmp_path / "pg")
    with process.start(fresh.command, log_dir / "pg.log"):
        assert await ask(fresh.url, "SELECT to_regclass('kept') IS NULL") is True


async def test_half_made_cluster_of_a_killed_initdb_is_made_again(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    major = postgres.find_binaries().major
    draft = tmp_path / "pg" / str(major) / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text(f"{major}\n")
    server = prepare(tmp_path / "pg")
    with process.start(server.command, log_dir / "pg.log"):
        assert await ask(server.url, "SELECT 1") == 1
    assert not draft.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has somebody else to run as")
async def test_root_runs_the_server_without_root(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    server = prepare(tmp_path / "pg")
    assert server.command.identity != "self"
    with process.start(server.command, log_dir / "pg.log") as running:
        assert capabilities_of(running.pid) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
async def test_owner_of_the_data_directory_runs_the_server(reachable_dir: pathlib.Path, log_dir: pathlib.Path) -> None:
    home = reachable_dir / "pg" / str(postgres.find_binaries().major)
    home.mkdir(parents=True)
    owner = pwd.getpwnam("daemon")
    identity.hand_over(home, owner.pw_uid, owner.pw_gid)
    server = prepare(reachable_dir / "pg")
    assert server.command.identity == f"{owner.pw_uid}:{owner.pw_gid}"
    with process.start(server.command, log_dir / "pg.log") as running:
        assert uid_of(running.pid) == owner.pw_uid
        assert await ask(server.url, "SELECT 1") == 1
    assert running.wait(0) == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give folders away")
async def test_refused_namespaces_fall_back_to_the_unprivileged_user(
    reachable_dir: pathlib.Path, log_dir: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity, "are_namespaces_allowed", lambda: False)
    user = identity.find_unprivileged_user()
    server = prepare(reachable_dir / "pg")
    with process.start(server.command, log_dir / "pg.log") as running:
        assert uid_of(running.pid) == user.pw_uid
        running.kill()
    with process.start(server.command, log_dir / "pg.log"):
        assert await ask(server.url, "SELECT 1") == 1


def test_server_that_cannot_listen_is_reported_with_its_own_words(
    tmp_path: pathlib.Path, log_dir: pathlib.Path, postgres_server: postgres.Server
) -> None:
    server = prepare(tmp_path / "pg", port=postgres_server.port)
    with pytest.raises(errors.Unavailable, match="could not bind"):
        process.start(server.command, log_dir / "pg.log")
    assert not ports.hold(postgres_server.port)


def test_stop_signal_is_the_fast_shutdown(postgres_server: postgres.Server) -> None:
    assert postgres_server.command.stop_signal is signal.SIGINT


ORDINARY_PROGRAM = """
import pathlib, sys
from orbital.devnet import postgres, process, settings
folder = pathlib.Path(sys.argv[1])
server = postgres.prepare(settings.PostgresSettings(data_dir=folder / "pg", durable=False))
with process.start(server.command, folder / "pg.log") as running:
    print(server.command.identity, pathlib.Path(f"/proc/{running.pid}").stat().st_uid)
"""
UNNAMED_UID = 54321
needs_another_identity = pytest.mark.skipif(
    os.geteuid() != 0 or not identity.are_namespaces_allowed(), reason="needs another identity for the whole program"
)


def run_as(runs_as: str, folder: pathlib.Path) -> list[str]:
    argv = (sys.executable, "-c", ORDINARY_PROGRAM, str(folder))
    return process.run(process.Command(name="ordinary", argv=argv, identity=runs_as)).split()


@needs_another_identity
def test_ordinary_user_runs_the_server_as_itself(tmp_path: pathlib.Path) -> None:
    user = identity.find_unprivileged_user()
    assert run_as(f"{tether.NAMESPACE}:{user.pw_uid}", tmp_path) == ["self", str(user.pw_uid)]


@needs_another_identity
def test_user_without_a_name_borrows_one(tmp_path: pathlib.Path) -> None:
    with pytest.raises(KeyError):
        pwd.getpwuid(UNNAMED_UID)
    user = identity.find_unprivileged_user()
    said = run_as(f"{tether.NAMESPACE}:{UNNAMED_UID}", tmp_path)
    assert said == [f"{tether.NAMESPACE}:{user.pw_uid}", str(UNNAMED_UID)]


def test_missing_postgres_is_said_with_the_ways_out(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "MACHINE_GLOBS", ())
    monkeypatch.setattr(postgres, "WHEEL_MODULE", "no_such_wheel")
    with pytest.raises(errors.Unavailable, match="DATABASE_URL"):
        postgres.find_binaries()
