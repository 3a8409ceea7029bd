"""How long an intent of the demo takes from submit to filled, against the limit of 5 s and the time it can't be below.

The floor is what a perfect backend would still wait for: the auction's window, and on average half a block until the
open is mined and half a block until the fill is.
"""

import json
import os
import statistics
import subprocess
import sys

INTENTS = 20
LIMIT_MS = 5_000
WINDOW_MS = 1_500
BLOCK_MS = 1_000
FLOOR_MS = WINDOW_MS + BLOCK_MS


def main() -> int:
    done = subprocess.run(
        [sys.executable, "-m", "orbital", "demo", "--intents", str(INTENTS), "--json"],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    report = json.loads(done.stdout)
    taken = sorted(intent["submit_to_fill_ms"] for intent in report["intents"])
    print(f"{INTENTS} intents at once, all settled: {report['ok']}")
    for name, value in (("median", statistics.median(taken)), ("slowest", taken[-1])):
        print(f"{name:<8} {value:6.0f} ms   {value / LIMIT_MS:.2f} of the limit   {value / FLOOR_MS:.2f} of the floor")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
