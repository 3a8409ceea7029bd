"""`orbital demo`: the main job, whole, on the bundled servers."""

import json
import os
import subprocess
import sys


def test_five_intents_settle_on_the_bundled_servers():
    done = subprocess.run(
        [sys.executable, "-m", "orbital", "demo", "--intents", "5", "--json"],
        env={**os.environ, "ORBITAL_BUNDLED": "1"},
        capture_output=True,
        text=True,
        timeout=570,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["ok"]
    assert report["balances"]["ok"]
    assert len(report["intents"]) == 5
    for intent in report["intents"]:
        assert intent["status"] == "settled"
        assert [step["step"] for step in intent["timeline"]] == ["submit", "match", "open", "fill", "settle"]
        assert all(step["tx_hash"] for step in intent["timeline"][2:])
        assert intent["submit_to_fill_ms"] > 0
