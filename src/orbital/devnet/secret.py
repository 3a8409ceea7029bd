"""Passwords of embedded servers: random, readable by their owner alone, kept beside the data they open."""

import os
import pathlib
import secrets

PASSWORD_BYTES = 24


def keep_password(record: pathlib.Path) -> str:
    """Return the password in `record`, writing a new one (URL-safe characters, mode 0600) when there is none."""
    if not record.exists():
        write_private(record, secrets.token_urlsafe(PASSWORD_BYTES) + "\n")
    return record.read_text(encoding="ascii").strip()


def write_private(path: pathlib.Path, text: str) -> None:
    """Replace `path` at once by a file of mode 0600 that holds `text`; never half written, never readable by others."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as target:
        target.write(text)
        target.flush()
        os.fsync(target.fileno())
    draft.replace(path)
