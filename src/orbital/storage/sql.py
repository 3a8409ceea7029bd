"""Statements live in `queries/*.sql`, each under a line `-- name: words` and a sentence that says what it is for."""

import importlib.resources
import re
from collections.abc import Mapping
from typing import Final

_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def load(noun: str) -> Mapping[str, str]:
    """The statements of `queries/<noun>.sql` by name."""
    text = importlib.resources.files("orbital.storage").joinpath(f"queries/{noun}.sql").read_text("utf-8")
    parts = _NAME.split(text)
    return dict(zip(parts[1::2], (body.strip() for body in parts[2::2]), strict=True))
