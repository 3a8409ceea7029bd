import pathlib

import pytest

from orbital.devnet import anvil, continuity, datadir, postgres, process, redis, settings
from orbital.domain import errors


def chains(folder: pathlib.Path, *chain_ids: int) -> list[settings.AnvilSettings]:
    return [settings.AnvilSettings(data_dir=folder / "chains", chain_id=chain_id) for chain_id in chain_ids]


def run_once(folder: pathlib.Path, logs: pathlib.Path, *chain_ids: int, is_clean: bool = True) -> None:
    """Begin or go on, start the chains, and end them cleanly or by a kill of the last one."""
    wanted, home = chains(folder, *chain_ids), folder / "postgres" / "15"
    continuity.mark(wanted, home, continuity.judge(wanted, home))
    running = [process.start(anvil.prepare(chain).command, logs / f"{chain.chain_id}.log") for chain in wanted]
    if not is_clean:
        running.pop().kill()
    for each in running:
        each.stop()


def judge(folder: pathlib.Path, *chain_ids: int, major: int = 15) -> continuity.Verdict:
    return continuity.judge(chains(folder, *chain_ids), folder / "postgres" / str(major))


def test_nothing_saved_begins_without_a_word(tmp_path: pathlib.Path) -> None:
    assert judge(tmp_path, 31337) == continuity.Verdict(None, None)


def test_clean_end_goes_on_in_the_same_generation(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337, 31338)
    first = judge(tmp_path, 31337, 31338)
    assert first.generation is not None
    assert first.reason is None
    run_once(tmp_path, log_dir, 31337, 31338)
    assert judge(tmp_path, 31337, 31338) == first


def test_killed_chain_makes_all_start_over(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337, 31338, is_clean=False)
    verdict = judge(tmp_path, 31337, 31338)
    assert verdict.reason == "chain 31338 ended without saving its state"
    wanted = chains(tmp_path, 31337, 31338)
    with pytest.raises(errors.Conflict):
        continuity.mark(wanted, tmp_path / "postgres" / "15", verdict)
    continuity.start_over(wanted, settings.PostgresSettings(data_dir=tmp_path / "postgres"))
    assert judge(tmp_path, 31337, 31338) == continuity.Verdict(None, None)


def test_torn_chain_makes_all_start_over(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337)
    dump = tmp_path / "chains" / "31337" / anvil.DUMP
    dump.write_bytes(dump.read_bytes()[:100])
    assert judge(tmp_path, 31337).reason == "chain 31337 saved state is cut off"


def test_cluster_of_another_version_does_not_meet_the_old_chains(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337)
    assert judge(tmp_path, 31337, major=18).reason == "the database has never met the saved chains [31337]"


def test_new_chain_joins_and_one_left_out_comes_back(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337)
    generation = judge(tmp_path, 31337).generation
    run_once(tmp_path, log_dir, 31337, 31338)
    run_once(tmp_path, log_dir, 31337)
    assert judge(tmp_path, 31337, 31338) == continuity.Verdict(generation, None)


def test_removed_chain_folder_is_noticed(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337)
    anvil.remove(tmp_path / "chains")
    assert judge(tmp_path, 31337).reason == "chain 31337 is not the one that the database knows"


def test_chain_copied_from_another_stack_is_noticed(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path / "one", log_dir, 31337)
    run_once(tmp_path / "two", log_dir, 31337)
    anvil.remove(tmp_path / "one" / "chains")
    (tmp_path / "two" / "chains").rename(tmp_path / "one" / "chains")
    assert judge(tmp_path / "one", 31337).reason == "chain 31337 belongs to another database"


def test_without_embedded_database_only_the_chains_are_judged(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    run_once(tmp_path, log_dir, 31337)
    assert continuity.judge(chains(tmp_path, 31337), None).reason is None
    run_once(tmp_path, log_dir, 31337, is_clean=False)
    assert continuity.judge(chains(tmp_path, 31337), None).reason is not None


def test_home_of_the_cluster_is_named_by_its_version(tmp_path: pathlib.Path) -> None:
    wanted = settings.PostgresSettings(data_dir=tmp_path)
    assert postgres.find_home(wanted, postgres.Binaries(tmp_path, 18)) == tmp_path / "18"


def test_data_directory_has_one_holder(tmp_path: pathlib.Path) -> None:
    with datadir.hold(tmp_path), pytest.raises(errors.Conflict, match="data_dir_in_use"), datadir.hold(tmp_path):
        pass
    with datadir.hold(tmp_path):
        assert (tmp_path / datadir.LOCK).exists()


def test_clearing_ends_leftovers_and_removes_the_stacks_own_parts_only(
    tmp_path: pathlib.Path, log_dir: pathlib.Path
) -> None:
    (tmp_path / "letter.txt").write_text("not the stack's")
    for name in ("api.log", "api.log.1", "notes.txt"):
        (tmp_path / datadir.LOGS / name).write_text("of the run before, or not the stack's")
    database = postgres.prepare(settings.PostgresSettings(data_dir=tmp_path / datadir.POSTGRES, durable=False))
    cache = redis.prepare(settings.RedisSettings(data_dir=tmp_path / datadir.REDIS))
    chain = anvil.prepare(chains(tmp_path, 31337)[0])
    running = [process.start(each.command, log_dir / "log") for each in (database, cache, chain)]
    with datadir.hold(tmp_path):
        datadir.clear(tmp_path)
    assert not any(each.is_running for each in running)
    assert {entry.name for entry in tmp_path.iterdir()} == {"letter.txt", datadir.LOCK, datadir.LOGS}
    assert {entry.name for entry in (tmp_path / datadir.LOGS).iterdir()} == {"log", "notes.txt"}
