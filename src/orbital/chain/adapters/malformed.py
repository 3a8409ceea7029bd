"""The one way in which a log can be wrong."""

from orbital.chain import hexes
from orbital.chain.blocks import Log
from orbital.domain import errors


class MalformedLog(errors.Corrupt):
    """A log that is none of its event's; `event`, `log` and `fault` say which and why."""

    def __init__(self, event: str, log: Log, fault: str) -> None:
        place = f"log {log.log_index} of transaction {hexes.to_hex(log.tx_hash)} in block {log.block_number}"
        super().__init__("malformed_log", f"{event}, {place}, emitted by {hexes.to_checksum(log.address)}: {fault}.")
        self.event = event
        self.log = log
        self.fault = fault
