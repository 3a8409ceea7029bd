"""Ties a server to the process that starts it, then becomes that server.

Run as a script: `python -I -S tether.py SIGNAL PARENT IDENTITY PROGRAM [ARGUMENT...]`. It changes identity, asks the
kernel to send SIGNAL when PARENT dies (even by kill -9), and replaces itself by PROGRAM, so the pid that the parent
knows is the server's own. Order matters: a change of identity makes the kernel forget the request, so that comes first.

IDENTITY is `self`; or `namespace:UID`, which keeps the caller's files but is UID without privileges inside a user
namespace (PostgreSQL refuses to run as root); or `UID:GID`, which drops root for good.

The kernel means the *thread* that started the child when it speaks of the parent: start servers from a thread that
lives as long as they do. Only the standard library's `os`, `sys`, `ctypes` are imported: this runs before every server.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x1000_0000
NAMESPACE = "namespace"
EXIT_PARENT_GONE = 125
EXIT_NOT_STARTED = 127


def main(arguments: list[str]) -> int:
    """Never returns when the program could be started, else the exit status to end with."""
    signal_number, parent, identity, program = int(arguments[0]), int(arguments[1]), arguments[2], arguments[3:]
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _become(libc, identity)
        _check(libc.prctl(PR_SET_PDEATHSIG, signal_number, 0, 0, 0), "prctl")
        if os.getppid() != parent:  # it died before the request was made, so no signal will come
            return EXIT_PARENT_GONE
        os.execvp(program[0], program)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"cannot start {program[0]} as {identity}: {error}\n")
    return EXIT_NOT_STARTED


def _become(libc: ctypes.CDLL, identity: str) -> None:
    if identity == "self":
        return
    first, _, second = identity.partition(":")
    if first == NAMESPACE:
        uid, gid = os.geteuid(), os.getegid()
        _check(libc.unshare(CLONE_NEWUSER), "unshare")
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/gid_map", f"{second} {gid} 1")
        _write("/proc/self/uid_map", f"{second} {uid} 1")
        return
    uid, gid = int(first), int(second)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _check(result: int, call: str) -> None:
    if result != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
