"""`orbital up` on a folder that another run left: what goes on, what starts over, and that it says so."""

import subprocess


def test_children_die_with_a_killed_supervisor_and_the_next_start_goes_on(start_up, alive, eventually):
    up = start_up("--no-demo")
    before = up.wait_ready()
    up.kill()
    eventually(lambda: not any(alive(pid) for pid in before["processes"].values()), 60)
    (up.data_dir / "devnet.json").unlink()  # a killed supervisor leaves it; the next one's is waited for
    again = start_up("--no-demo", data_dir=up.data_dir)
    after = again.wait_ready()
    assert [chain["settler"] for chain in after["chains"]] == [chain["settler"] for chain in before["chains"]]
    assert "starting over" not in again.output


def test_a_killed_chain_starts_everything_over_and_says_so(start_up, eventually):
    up = start_up("--no-demo")
    before = up.wait_ready()
    subprocess.run(["kill", "-9", str(before["processes"]["anvil-31338"])], check=True)
    eventually(lambda: "starting over with empty chains" in up.output, 60)
    eventually((up.data_dir / "devnet.json").exists, 240)
    assert up.devnet["processes"]["api"] != before["processes"]["api"]
    assert up.stop() == 0


def test_fresh_forgets_what_was_kept(start_up):
    first = start_up("--no-demo")
    genesis = first.wait_ready()["database_url"]
    assert first.stop() == 0
    second = start_up("--no-demo", "--fresh", data_dir=first.data_dir)
    assert second.wait_ready()["database_url"] != genesis  # the password is part of what was forgotten


def test_other_chains_than_before_start_over(start_up):
    first = start_up("--no-demo", "--chains", "3")
    assert len(first.wait_ready()["chains"]) == 3
    assert first.stop() == 0
    second = start_up("--no-demo", data_dir=first.data_dir)
    assert len(second.wait_ready()["chains"]) == 2
    assert "starting over" in second.output
    assert "is started again" not in second.output
