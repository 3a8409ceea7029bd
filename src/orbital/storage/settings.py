"""What storage must be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """`url` is a libpq URL and may hold a password: it is kept out of `repr`.

    `wait_seconds` is how long a database that does not take connections yet is waited for at the start.
    """

    url: str
    pool_min: int = 1
    pool_max: int = 10
    command_timeout_seconds: float = 30.0
    wait_seconds: float = 0.0

    def __repr__(self) -> str:
        return f"StorageSettings(pool_min={self.pool_min}, pool_max={self.pool_max})"
