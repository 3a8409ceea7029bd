"""Which user a server runs as. PostgreSQL refuses root; nothing else here needs root either way.

An ordinary user's servers run as that user (one whose uid has no name, as in containers, borrows a name in a namespace,
since initdb wants one). Root's run in a user namespace, where the files stay root's, or, where
the kernel refuses namespaces, as the unprivileged user `nobody`. A data directory that already belongs to somebody
decides for itself: its owner runs the server. No user is ever added and no parent folder's mode is changed.
"""

import functools
import os
import pathlib
import pwd

from orbital.devnet import process, tether
from orbital.domain import errors


def choose_identity(folder: pathlib.Path) -> str:
    """Return tether's word for who shall run a server on the existing `folder`."""
    if os.geteuid() != 0:
        return "self" if _has_name(os.geteuid()) else f"{tether.NAMESPACE}:{find_unprivileged_user().pw_uid}"
    owner = folder.stat()
    if owner.st_uid != 0:
        return f"{owner.st_uid}:{owner.st_gid}"
    user = find_unprivileged_user()
    if are_namespaces_allowed():
        return f"{tether.NAMESPACE}:{user.pw_uid}"
    return f"{user.pw_uid}:{user.pw_gid}"


def find_unprivileged_user() -> pwd.struct_passwd:
    """Return `nobody`, else any user but root: initdb wants its user to have a name, also inside a namespace."""
    others = [user for user in pwd.getpwall() if user.pw_uid != 0]
    if not others:
        raise errors.Unavailable("no_unprivileged_user", "PostgreSQL does not run as root and there is no other user")
    return next((user for user in others if user.pw_name == "nobody"), others[0])


@functools.cache
def are_namespaces_allowed() -> bool:
    """Whether this process may start a program in a user namespace; tried once, by doing it."""
    try:
        process.run(process.Command(name="namespace", argv=("true",), identity=f"{tether.NAMESPACE}:1"))
    except errors.Unavailable:
        return False
    return True


def hand_over_as(folder: pathlib.Path, identity: str) -> None:
    """Give `folder` and all in it to whom tether's word names; `self` and a namespace keep the owner as it is."""
    first, _, second = identity.partition(":")
    if first.isdecimal():
        hand_over(folder, int(first), int(second))


def hand_over(folder: pathlib.Path, uid: int, gid: int) -> None:
    """Give `folder` and all in it to uid:gid. Links are changed, not followed."""
    os.chown(folder, uid, gid, follow_symlinks=False)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(parent, name), uid, gid, follow_symlinks=False)  # noqa: PTH118


def _has_name(uid: int) -> bool:
    return any(user.pw_uid == uid for user in pwd.getpwall())
