"""What a token of the chains file is worth in US dollars: an exact decimal, or not said."""

import pytest

from orbital.app import inspection
from orbital.config import loading
from orbital.config.tree import ConfigError
from orbital.devnet import files


@pytest.fixture
def load(tmp_path, chains_file):
    def read(line):
        path = tmp_path / "orbital.toml"
        path.write_text(chains_file + line)
        return loading.load({"ORBITAL_CONFIG": str(path)}, frozenset())

    return read


@pytest.mark.parametrize(
    ("said", "micro", "shown"),
    [
        ("1", 10**6, "1"),
        ("0.999800", 999_800, "0.9998"),
        ("100", 10**8, "100"),
        ("0.000001", 1, "0.000001"),
        ("2500.5", 2_500_500_000, "2500.5"),
        ("0", 0, "0"),
    ],
)
def test_a_price_is_exact_and_written_back_as_it_is(load, said, micro, shown):
    (token,) = load(f'usd = "{said}"').network.chains[7].tokens
    assert (token.usd_micro, token.usd) == (micro, shown)


def test_a_token_may_have_no_price(load):
    (token,) = load("").network.chains[7].tokens
    assert (token.usd_micro, token.usd) == (None, None)


@pytest.mark.parametrize(
    "line", ["usd = 1", "usd = 1.0", 'usd = "-1"', 'usd = "1e3"', 'usd = "0.1234567"', 'usd = "01"', 'usd = "1\\n"']
)
def test_anything_else_is_a_fault(load, line):
    with pytest.raises(ConfigError) as caught:
        load(line)
    (fault,) = caught.value.faults
    assert "usd" in fault


def test_what_up_writes_for_its_services_keeps_the_price(load, tmp_path):
    network = load('usd = "0.5"').network
    written = files.write_config(tmp_path, network, {7: files.Endpoint("http://127.0.0.1:1", None)})
    again = loading.load({"ORBITAL_CONFIG": str(written)}, frozenset()).network
    assert again.chains[7].tokens == network.chains[7].tokens


def test_the_effective_settings_show_what_a_coin_is_worth(load):
    settings = load('usd = "0.5"')
    assert "  one USDC = 0.5 USD" in inspection._list_chain(settings.network.chains[7], settings.nodes[7])
