"""The mounted routes are those of the product's table: nothing missing, nothing extra."""

from typing import Final

from orbital.api import asgi

INTENT: Final = "/api/v1/intents/{intent_id}"
MOUNTED: Final = frozenset(
    {
        ("POST", "/api/v1/intents"),
        ("GET", "/api/v1/intents"),
        ("GET", "/api/v1/intents/pending"),
        ("GET", INTENT),
        ("GET", f"{INTENT}/status"),
        ("GET", f"{INTENT}/events"),
        ("POST", f"{INTENT}/cancel"),
        ("POST", f"{INTENT}/bids"),
        ("GET", f"{INTENT}/auction"),
        ("GET", f"{INTENT}/award"),
        ("GET", "/api/v1/solver/{address}/awards"),
        ("GET", "/api/v1/solver/leaderboard"),
        ("GET", "/api/v1/solver/{address}/performance"),
        ("POST", "/api/v1/solver/register"),
        ("GET", "/api/v1/solver"),
        ("GET", "/api/v1/solver/{address}"),
        ("PUT", "/api/v1/solver/{address}/update"),
        ("POST", "/api/v1/solver/{address}/suspend"),
        ("POST", "/api/v1/solver/{address}/reinstate"),
        ("POST", "/api/v1/auth/challenge"),
        ("POST", "/api/v1/auth/login"),
        ("POST", "/api/v1/auth/refresh"),
        ("POST", "/api/v1/auth/logout"),
        ("GET", "/api/v1/auth/profile"),
        ("GET", "/api/v1/protocol"),
        ("GET", "/api/v1/chains"),
        ("GET", "/api/v1/tokens"),
        ("POST", "/api/v1/quotes"),
        ("GET", "/api/v1/pools"),
        ("GET", "/api/v1/pools/{chain_id}/{address}"),
        ("GET", "/health"),
        ("GET", "/health/ready"),
        ("GET", "/health/live"),
        ("GET", "/metrics"),
    }
)
LATER: Final = {
    "figures are counted": frozenset(
        {
            ("GET", "/api/v1/analytics"),
            ("GET", "/api/v1/analytics/chains"),
            ("GET", "/api/v1/analytics/tokens"),
            ("GET", "/api/v1/analytics/solvers"),
            ("GET", "/api/v1/analytics/volume"),
            ("GET", "/api/v1/analytics/public"),
        }
    ),
    "changes are streamed": frozenset({("GET", "/api/v1/stream")}),
}
"""What the table has and this service has not yet, by what has to come first. A route moves up when it is mounted."""


def test_the_mounted_routes_are_those_of_the_table():
    mounted = {
        (method.upper(), path) for path, operations in asgi.build_contract()["paths"].items() for method in operations
    }
    assert mounted == MOUNTED


def test_what_comes_later_is_not_there_yet():
    assert MOUNTED.isdisjoint(frozenset[tuple[str, str]]().union(*LATER.values()))
