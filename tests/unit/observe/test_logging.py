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

LIBRARY = """
import logging as standard
from orbital.observe import logging
logging.configure("here")
log = standard.getLogger("some.library")
log.info("unseen")
try:
    raise ConnectionRefusedError(111, "hunter2")
except OSError:
    log.warning("no %s", "floor", exc_info=True)
    log.error("broken", exc_info=True)
log.warning("100%")
"""


def test_what_a_library_says_has_the_same_form_and_a_warning_no_trace():
    done = subprocess.run([sys.executable, "-c", LIBRARY], capture_output=True, text=True, check=True)
    warned, broken, plain = map(json.loads, done.stderr.splitlines())
    assert all(line.pop("ts") for line in (warned, broken, plain))
    same = {"library": "some.library", "process": "here"}
    assert warned == same | {"event": "no floor", "level": "warning", "reason": "ConnectionRefusedError"}
    assert plain == same | {"event": "100%", "level": "warning"}
    assert "Traceback" in broken.pop("exception")
    assert broken == same | {"event": "broken", "level": "error"}


def test_a_logger_from_before_the_configuration_follows_it():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    (line,) = done.stderr.splitlines()
    fields = json.loads(line)
    assert (fields["event"], fields["room"], fields["process"], fields["number"]) == ("crashed", "room", "here", 7)
    assert "ValueError: no" in fields["exception"]
    assert "hunter2" not in done.stderr
