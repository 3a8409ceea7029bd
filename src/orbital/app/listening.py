"""Ports that a process listens on. One that it can't have is told in a line that names the setting, not by a trace."""

import contextlib
import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Final

from orbital.domain.errors import Rejected
from orbital.observe import metrics

_BACKLOG: Final = 2048


@contextlib.asynccontextmanager
async def listen(setting: str, host: str, port: int) -> AsyncIterator[list[socket.socket]]:
    """Sockets on every address of the host, which may stand in brackets, for as long as the block runs.

    Rejected `port_taken` when somebody listens there, `address_refused` when nobody can.
    """
    with contextlib.ExitStack() as opened:
        with _refusals_told(setting, host, port):
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            sockets = [
                opened.enter_context(socket.create_server(place, family=family, backlog=_BACKLOG))
                for family, _, _, _, place in dict.fromkeys(found)
            ]
        yield sockets


def serve_metrics(setting: str, host: str, port: int) -> None:
    """Serve this process's figures; Rejected as `listen`."""
    with _refusals_told(setting, host, port):
        metrics.serve(host, port)


@contextlib.contextmanager
def _refusals_told(setting: str, host: str, port: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        code = "port_taken" if error.errno == errno.EADDRINUSE else "address_refused"
        raise Rejected(code, f"{setting}: can't listen on {host}:{port} ({_reason(error)}).") from error


def _reason(error: OSError) -> str | None:
    """In the system's words: the library's name the address once more, as a tuple."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror
    return os.strerror(error.errno)
