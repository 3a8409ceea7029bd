"""Free TCP ports on the loopback interface, kept between runs where they can be.

A port is found by binding port 0 and letting go, so another process may take it before the server does; the server then
fails to start and says so. Nothing here listens on any other interface.
"""

import pathlib
import socket
import sys

LOOPBACK = "127.0.0.1"
TCP_LISTEN = "0A"  # the state's number in /proc/net/tcp


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


def is_served_by(port: int, pid: int) -> bool:
    """Whether the process `pid` itself listens on 127.0.0.1:port, by the kernel's tables; False when it is gone."""
    inode = _listening_inode(port)
    if inode is None:
        return False
    return any(_opens(handle) == f"socket:[{inode}]" for handle in pathlib.Path("/proc").glob(f"{pid}/fd/*"))


def _recorded(record: pathlib.Path) -> int:
    if not record.exists():
        return 0
    text = record.read_text(encoding="ascii").strip()
    return int(text) if text.isdecimal() and 0 < int(text) < 65536 else 0


def _opens(handle: pathlib.Path) -> str | None:
    try:
        return str(handle.readlink())
    except FileNotFoundError:  # closed in the meantime
        return None


def _listening_inode(port: int) -> str | None:
    """Read /proc/net/tcp: `sl local_address rem_address st … inode`, the address as hex of host byte order."""
    address = f"{int.from_bytes(socket.inet_aton(LOOPBACK), sys.byteorder):08X}:{port:04X}"
    for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == address and fields[3] == TCP_LISTEN:
            return fields[9]
    return None
