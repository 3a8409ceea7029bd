"""Free TCP ports on the loopback interface, kept between runs where they can be.

A port that was found stays bound here by a socket that never listens and allows its address to be used again. So a
server that allows that too, as all of ours do, can listen on it, now and after a restart, while the kernel gives it to
nobody who asks for any free port. What is held for one record is given to no other, whatever that one says. Nothing
here listens on any other interface.
"""

import collections
import os
import pathlib
import socket
import sys
from typing import Final, NamedTuple

LOOPBACK = "127.0.0.1"
HELD_MAX: Final = 256  # file descriptors; the oldest port is let go
TCP_LISTEN = "0A"  # the state's number in /proc/net/tcp


class _Holder(NamedTuple):
    """The descriptor that binds a port, and the file that it is kept in, if in one."""

    descriptor: int
    record: pathlib.Path | None


_held: Final[collections.OrderedDict[int, _Holder]] = collections.OrderedDict()


def find_free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on, and hold it."""
    return _hold(_bind(0))


def hold(port: int) -> bool:
    """Hold this port for a server that was told it; False if none could listen on 127.0.0.1:port now.

    Connections in TIME_WAIT don't count.
    """
    try:
        return _hold(_bind(port)) == port
    except OSError:
        return False


def keep_port(record: pathlib.Path, wanted: int = 0) -> int:
    """Return `wanted` if it is not 0, else the port in the file `record` while free, else a new one; writes it down."""
    port = wanted or _hold_again(_recorded(record), record) or _hold(_bind(0), record)
    record.parent.mkdir(parents=True, exist_ok=True)
    record.write_text(f"{port}\n", encoding="ascii")
    return port


def is_served_by(port: int, pid: int) -> bool:
    """Whether the process `pid` itself listens on 127.0.0.1:port, by the kernel's tables; False when it is gone."""
    inode = _listening_inode(port)
    if inode is None:
        return False
    return any(_opens(handle) == f"socket:[{inode}]" for handle in pathlib.Path("/proc").glob(f"{pid}/fd/*"))


def _bind(port: int) -> socket.socket:
    """Raises OSError when somebody listens there, or does not share the port."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((LOOPBACK, port))
    except OSError:
        bound.close()
        raise
    return bound


def _hold(bound: socket.socket, record: pathlib.Path | None = None) -> int:
    port: int = bound.getsockname()[1]
    if port in _held:
        bound.close()
    else:
        _held[port] = _Holder(bound.detach(), record)
    if len(_held) > HELD_MAX:
        os.close(_held.popitem(last=False)[1].descriptor)
    return port


def _hold_again(port: int, record: pathlib.Path) -> int:
    """Return the port if it is free and held for nobody else, else 0."""
    if port in _held and _held[port].record != record:
        return 0
    try:
        return port and _hold(_bind(port), record)
    except OSError:
        return 0


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
