"""The one tree of errors.

    OrbitalError(code, detail)
    ├── Rejected       the caller's fault: wrong or impossible input
    ├── Unauthenticated  the caller is not who the operation asks for: no or wrong credentials
    ├── Forbidden      the caller is known and may not
    ├── NotFound       there is no such thing, or it is not the caller's to see
    ├── Conflict       right input, wrong moment
    ├── Unavailable    something this needs is away: try again (`retry_after_seconds`)
    │   └── Overloaded     it is there and has too much to do: the same, a little later
    └── Corrupt        an invariant is broken: stop

`code` is a stable word, the same on every interface. `detail` is a sentence for a person. A field error names its
place by a JSON pointer. Each class says whether trying again can help (`retryable`).
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class FieldError:
    """One faulty field: `pointer` is an RFC 6901 JSON pointer into the body or the query."""

    pointer: str
    code: str
    detail: str


class OrbitalError(Exception):
    """Base of all errors that cross a room's edge."""

    retryable: ClassVar[bool] = False

    def __init__(self, code: str, detail: str, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.fields = fields


class Rejected(OrbitalError):
    """The input is wrong and will stay wrong."""


class Unauthenticated(OrbitalError):
    """Credentials are missing, expired or do not prove who signed."""


class Forbidden(OrbitalError):
    """The caller is known and is not allowed."""


class NotFound(OrbitalError):
    """No such thing for this caller."""


class Conflict(OrbitalError):
    """The state of things does not allow it now."""


class Unavailable(OrbitalError):
    """A part that this needs does not answer."""

    retryable: ClassVar[bool] = True

    def __init__(self, code: str, detail: str, retry_after_seconds: int = 1) -> None:
        super().__init__(code, detail)
        self.retry_after_seconds = retry_after_seconds


class Overloaded(Unavailable):
    """A part that this needs is there, and has more to do than it can."""


class Corrupt(OrbitalError):
    """What is stored or what a chain says contradicts itself; going on would spread it."""
