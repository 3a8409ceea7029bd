"""Reads single settings and collects what is wrong with them, so that all faults are reported at once.

No fault shows a secret. A secret may also stand in a file that `<NAME>_FILE` points to.
"""

import pathlib
import urllib.parse
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from orbital.chain import hexes
from orbital.config.tree import Mode
from orbital.domain import errors
from orbital.domain.types import Address

Section = TypeVar("Section", bound=msgspec.Struct)

NUMBER_DIGITS_MAX: Final = 78
"""As many as the largest 256-bit number has."""

_WEB: Final = frozenset({"http", "https", "ws", "wss"})


class Reader:
    """Collects faults while values are read."""

    def __init__(self, environment: Mapping[str, str], plain: Mapping[str, Any], mode: Mode) -> None:
        self.environment = environment
        self.plain = plain
        self.mode = mode
        self.faults: list[str] = []
        self.known: set[str] = set()
        """What was asked of the file's top: keys and tables."""

    def refuse_unknown(self) -> None:
        """A fault for everything at the file's top that nobody asked for; call it when all is read."""
        for key in sorted(self.plain.keys() - self.known):
            kind = f"table [{key}]" if isinstance(self.plain[key], dict) else f"key {key}"
            self.faults.append(f"orbital.toml: unknown {kind}")

    def place(self, name: str) -> str:
        """Where a fault of this setting is put right: the variable, or the file's key when that is what was read."""
        key = name.lower()
        return name if name in self.environment or key not in self.plain else f"{key} of orbital.toml (or {name})"

    def text(self, name: str, default: str = "") -> str:
        self.known.add(name.lower())
        value = self.environment.get(name)
        if value is None:
            found = self.plain.get(name.lower(), default)
            return str(found)
        return value

    def secret(self, name: str) -> str | None:
        """The variable, or the content of the file that NAME_FILE points to; None when neither is set."""
        path = self.environment.get(f"{name}_FILE")
        if path is None:
            return self.environment.get(name) or None
        try:
            return pathlib.Path(path).read_text("utf-8").strip()
        except OSError as error:
            self.faults.append(f"{name}_FILE can't be read: {error.strerror}")
        except UnicodeDecodeError:
            self.faults.append(f"{name}_FILE can't be read: it is not UTF-8 text")
        return None

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name, str(default))
        is_number = text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX
        if not is_number or not low <= int(text) <= high:
            self.faults.append(f"{self.place(name)} must be a whole number from {low} to {high}")
            return default
        return int(text)

    def address(self, where: str, text: str) -> Address:
        try:
            return hexes.parse_address(text)
        except errors.OrbitalError:
            self.faults.append(f"{where} must be an address (0x and 40 hex digits, checksum right or lower case)")
            return Address(bytes(20))

    def url(self, name: str, text: str, schemes: tuple[str, ...]) -> str:
        """A URL of one of these schemes, or nothing. One of the web's names a host, and a port that can be."""
        if not text:
            return text
        scheme = _scheme_of(text)
        if scheme is None:
            self.faults.append(f"{name} is no URL: the brackets of its host don't close")
        elif scheme not in schemes:
            self.faults.append(f"{name} must be a URL that starts with {' or '.join(f'{s}://' for s in schemes)}")
        elif scheme in _WEB and "@" in urllib.parse.urlsplit(text).path:
            self.faults.append(f"{name} has an @ in its path: a / in a password is written %2F")
        elif scheme in _WEB and not _has_place(text):
            self.faults.append(f"{name} must name a host, and a port below 65536 if any")
        elif scheme not in _WEB and not _has_ports(text):
            self.faults.append(f"{name} must have a port below 65536 if any")
        return text

    def typed(self, where: str, plain: Any, kind: type[Section]) -> Section | None:
        """A section of the file in its type; None and a fault when it is not of that form."""
        try:
            return msgspec.convert(plain, kind)
        except msgspec.ValidationError as error:
            self.faults.append(f"{where}: {error}")
            return None


def _scheme_of(url: str) -> str | None:
    """None for what is not a URL at all, such as an unclosed bracket in the host."""
    try:
        return urllib.parse.urlsplit(url).scheme
    except ValueError:
        return None


def _has_ports(url: str) -> bool:
    """Whether each host of a database's URL, of which there may be several, has a port that can be, or none."""
    try:
        parts = urllib.parse.urlsplit(url)
        for place in parts.netloc.rpartition("@")[2].split(","):
            _ = urllib.parse.urlsplit(f"//{place}").port
    except ValueError:
        return False
    return True


def _has_place(url: str) -> bool:
    """Whether there is a host in it, and no port that none can be."""
    try:
        parts = urllib.parse.urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host)
