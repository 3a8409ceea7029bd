"""What storage must be told."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StorageSettings:
    """`url` is a libpq URL and may hold a password: it is kept out of `repr`."""

    url: str
    pool_min: int = 1
    pool_max: int = 10
    command_timeout_seconds: float = 30.0

    def __repr__(self) -> str:
        return f"StorageSettings(pool_min={self.pool_min}, pool_max={self.pool_max})"
