"""Log lines: one JSON object each, of the chosen level, without the values of local variables."""

import json
import subprocess
import sys

PROGRAM = """
from orbital.observe import logging
log = logging.get_logger("room")  # before `configure`, as modules do
logging.configure("here", "warning")
log.info("unseen")
def fail(secret):
    raise ValueError("no")
try:
    fail("hunter2")
except ValueError:
    log.exception("crashed", number=7)
"""


def test_a_logger_from_before_the_configuration_follows_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    fields = json.loads(line)
    assert (fields["event"], fields["room"], fields["process"], fields["number"]) == ("crashed", "room", "here", 7)
    assert "ValueError: no" in fields["exception"]
    assert "hunter2" not in done.stderr
