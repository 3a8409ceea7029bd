"""Free TCP ports on the loopback interface, kept between runs where they can be.

A port is found by binding port 0 and letting go, so another process may take it before the server does; the server then
fails to start and says so. Nothing here listens on any other interface.
"""

import pathlib
import socket

LOOPBACK = "127.0.0.1"


def find_free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now; connections in TIME_WAIT don't count."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def keep_port(record: pathlib.Path, wanted: int = 0) -> int:
    """Return `wanted` if it is not 0, else the port in the file `record` while free, else a new one; writes it down."""
    port = wanted or _recorded(record)
    if not port or (not wanted and not is_free(port)):
        port = find_free_port()
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(f"{port}\n", encoding="ascii")
    return port


def _recorded(record: pathlib.Path) -> int:
    if not record.exists():
        return 0
    text = record.read_text(encoding="ascii").strip()
    return int(text) if text.isdecimal() and 0 < int(text) < 65536 else 0
