"""What the devnet tells its API about limits."""

import pathlib

import pytest

from orbital.app import plan
from orbital.domain.network import Network
from orbital.domain.types import Address, Amount, ChainId

NOBODY = Address(bytes(20))


def api_environment(data_dir: pathlib.Path, environment: dict[str, str]) -> dict[str, str]:
    network = Network({}, ChainId(1), NOBODY, NOBODY, 30, Amount(1))
    place = plan.Place(data_dir, None, 8080, "postgresql://", "redis://", "secret", "info")
    [api] = [
        one for group in plan.plan_services(network, place, environment).groups for one in group if one.name == "api"
    ]
    return dict(api.environment)


@pytest.mark.parametrize(("given", "expected"), [({}, "0"), ({"RATE_LIMIT_RPM": "7"}, "7")])
def test_the_devnet_has_limits_only_if_the_environment_asks_for_them(tmp_path, given, expected):
    assert api_environment(tmp_path, given)["RATE_LIMIT_RPM"] == expected
