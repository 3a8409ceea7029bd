"""Examples of what solvers send about themselves and of what is answered about them, in the story of `examples`."""

from collections.abc import Mapping
from typing import Any, Final

ADDRESS: Final = "0x" + "55" * 20
SIGNATURE: Final = "0x" + "12" * 64 + "1b"

_SOLVER: Final[dict[str, Any]] = {
    "address": ADDRESS,
    "name": "Fast Lane",
    "chain_ids": [31337, 31338],
    "fee_bps": 5,
    "contact": "ops@fastlane.example",
    "bond_wei": "1000000000000000000",
    "in_withdrawal_wei": "0",
    "status": "active",
    "reputation": 5000,
    "registered_at": "2027-01-15T08:00:00Z",
    "last_activity": "2027-01-15T08:00:00Z",
    "suspension": None,
}
_SUSPENDED: Final[dict[str, Any]] = {
    **_SOLVER,
    "status": "suspended",
    "suspension": {"reason": "Keys were stolen.", "since": "2027-01-15T09:00:00Z"},
}

REGISTRATION: Final[dict[str, Any]] = {
    "registration": {
        "solver": ADDRESS,
        "name": "Fast Lane",
        "chain_ids": [31337, 31338],
        "fee_bps": 5,
        "contact": "ops@fastlane.example",
        "nonce": "1",
        "deadline": 1800000600,
    },
    "signature": SIGNATURE,
}
UPDATE: Final[dict[str, Any]] = {"fee_bps": 4, "paused": False}
SUSPENSION: Final[dict[str, Any]] = {"reason": "Keys were stolen."}
REINSTATEMENT: Final[dict[str, Any]] = {"reason": "The solver has new keys."}

ANSWERS: Final[Mapping[str, Any]] = {
    "register_solver": _SOLVER,
    "list_solvers": {"data": [_SOLVER], "next_cursor": None},
    "read_solver": _SOLVER,
    "update_solver": {**_SOLVER, "fee_bps": 4},
    "suspend_solver": _SUSPENDED,
    "reinstate_solver": _SOLVER,
}
