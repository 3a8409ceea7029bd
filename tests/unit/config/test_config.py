"""Settings are read once, every fault is reported at once, and no secret is ever shown."""

import pathlib

import pytest

from orbital.config import loading
from orbital.config.tree import ConfigError, Need
from orbital.devnet import accounts

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


@pytest.fixture
def environment(tmp_path: pathlib.Path, chains_file: str) -> dict[str, str]:
    path = tmp_path / "orbital.toml"
    path.write_text(chains_file)
    return {"ORBITAL_CONFIG": str(path)}


def faults_of(environment: dict[str, str], *needs: Need) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loading.load(environment, frozenset(needs))
    return caught.value.faults


def test_chains_and_tokens_come_from_the_file(environment):
    settings = loading.load(environment, frozenset({Need.NETWORK}))
    chain = settings.network.chains[7]
    assert (chain.domain, chain.tokens[0].symbol, chain.tokens[0].asset) == (77, "USDC", "usdc")
    assert settings.nodes[7].urls == ("http://127.0.0.1:1",)


def test_environment_wins_over_the_file(environment):
    urls = "http://127.0.0.1:2, http://127.0.0.1:3"
    settings = loading.load(environment | {"LOCAL_RPC_URL": urls}, frozenset({Need.NETWORK}))
    assert settings.nodes[7].urls == ("http://127.0.0.1:2", "http://127.0.0.1:3")


def test_heads_may_be_announced_by_several_nodes(environment, chains_file):
    path = pathlib.Path(environment["ORBITAL_CONFIG"])
    path.write_text(chains_file.replace("rpc_urls =", 'ws_urls = ["ws://127.0.0.1:4"]\nrpc_urls ='))
    assert loading.load(environment, frozenset()).nodes[7].ws_urls == ("ws://127.0.0.1:4",)
    extra = {"LOCAL_WS_URL": "ws://127.0.0.1:2, wss://127.0.0.1:3,"}
    assert loading.load(environment | extra, frozenset()).nodes[7].ws_urls == ("ws://127.0.0.1:2", "wss://127.0.0.1:3")


def test_a_chain_out_of_the_box_is_switched_on_by_its_url(environment):
    extra = {"HOLESKY_RPC_URL": "http://127.0.0.1:9", "INTENTS_CONTRACT_ADDRESS": ADDRESS}
    settings = loading.load(environment | extra | {"MAILBOX_CONTRACT_ADDRESS": ADDRESS}, frozenset())
    assert settings.network.chains[17000].domain == 17000


def test_every_fault_is_reported_at_once(environment):
    faults = faults_of(
        environment | {"SERVER_ADDRESS": "nowhere", "LOG_LEVEL": "loud", "AUCTION_WINDOW_MS": "1e3"},
        Need.DATABASE,
        Need.REDIS,
        Need.JWT,
        Need.SOLVER,
    )
    named = ("SERVER_ADDRESS", "LOG_LEVEL", "AUCTION_WINDOW_MS", "DATABASE_URL", "REDIS_URL", "JWT_SECRET", "SOLVER_PR")
    assert [name for name in named if not any(name in fault for fault in faults)] == []


@pytest.mark.parametrize("name", ["JWT_SECRET", "JWT_SECRET_PREVIOUS"])
@pytest.mark.parametrize("secret", ["short", "a" * 64, "abcabcabc" * 8])
def test_a_weak_jwt_secret_is_refused_and_not_shown(environment, name, secret):
    strong = "correct horse battery staple, and more"
    (fault,) = faults_of(environment | {"JWT_SECRET": strong, name: secret}, Need.JWT)
    assert fault.startswith(f"{name} must ")
    assert secret not in fault


def test_an_empty_previous_jwt_secret_is_none(environment):
    given = environment | {"JWT_SECRET": "correct horse battery staple, and more", "JWT_SECRET_PREVIOUS": ""}
    assert loading.load(given, frozenset({Need.JWT})).jwt_secret_previous is None


def test_admins_are_named_by_address(environment):
    settings = loading.load(environment | {"ADMIN_ADDRESSES": f" {ADDRESS} ,"}, frozenset())
    assert settings.admin_addresses == {bytes.fromhex(ADDRESS[2:])}
    assert any("ADMIN_ADDRESSES" in fault for fault in faults_of(environment | {"ADMIN_ADDRESSES": "me"}))


def test_rate_limits_have_their_documented_defaults(environment):
    settings = loading.load(environment, frozenset())
    limits = (settings.rate_limit_rpm, settings.rate_limit_burst, settings.rate_limit_rpm_solver)
    assert (limits, settings.trusted_proxies) == ((100, 20, 3000), ())
    assert loading.load(environment | {"RATE_LIMIT_RPM": "0"}, frozenset()).rate_limit_rpm == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [("RATE_LIMIT_RPM", "-1"), ("RATE_LIMIT_BURST", "0"), ("RATE_LIMIT_RPM_SOLVER", "0"), ("TRUSTED_PROXIES", "*")],
)
def test_a_limit_that_makes_no_sense_is_a_fault(environment, name, text):
    (fault,) = faults_of(environment | {name: text})
    assert fault.startswith(name)


def test_proxies_are_addresses_and_networks(environment):
    given = environment | {"TRUSTED_PROXIES": "10.0.0.0/8, 192.0.2.1,fd00::/8,"}
    assert [str(one) for one in loading.load(given, frozenset()).trusted_proxies] == [
        "10.0.0.0/8",
        "192.0.2.1/32",
        "fd00::/8",
    ]


def test_origins_are_exact_and_everybody_is_for_dev_mode(environment):
    given = environment | {"CORS_ORIGINS": "https://app.example, http://localhost:3000,"}
    assert loading.load(given, frozenset()).cors_origins == {"https://app.example", "http://localhost:3000"}
    anybody = environment | {"CORS_ORIGINS": "*"}
    (fault,) = faults_of(anybody)
    assert fault.startswith("CORS_ORIGINS")
    assert loading.load(anybody | {"ORBITAL_ENV": "dev"}, frozenset()).cors_origins == {"*"}


@pytest.mark.parametrize(
    "text",
    [
        "https://app.example/",
        "https://App.example",
        "app.example",
        "null",
        "https://*.example",
        "https://a.example:port",
    ],
)
def test_what_no_browser_sends_as_an_origin_is_a_fault(environment, text):
    (fault,) = faults_of(environment | {"CORS_ORIGINS": text})
    assert fault.startswith("CORS_ORIGINS")


def test_dev_mode_makes_up_a_jwt_secret(environment):
    settings = loading.load(environment | {"ORBITAL_ENV": "dev"}, frozenset({Need.JWT}))
    assert len(settings.jwt_secret) >= loading.JWT_SECRET_BYTES_MIN


def test_public_keys_are_refused_outside_dev_mode(environment):
    given = environment | {"SOLVER_PRIVATE_KEY": accounts.SOLVERS[0].upper().replace("0X", "0x")}
    (fault,) = faults_of(given, Need.SOLVER)
    assert "public development key" in fault
    settings = loading.load(given | {"ORBITAL_ENV": "dev"}, frozenset({Need.SOLVER}))
    assert Need.SOLVER in settings.signers


def test_a_secret_may_stand_in_a_file(environment, tmp_path):
    (tmp_path / "key").write_text(accounts.AUCTIONEER + "\n")
    given = environment | {"AUCTIONEER_PRIVATE_KEY_FILE": str(tmp_path / "key"), "ORBITAL_ENV": "dev"}
    assert Need.AUCTIONEER in loading.load(given, frozenset({Need.AUCTIONEER})).signers


def test_no_secret_is_in_the_representation(environment):
    given = environment | {
        "ORBITAL_ENV": "dev",
        "DATABASE_URL": "postgresql://u:hunter2@127.0.0.1/d",
        "REDIS_URL": "redis://:hunter3@127.0.0.1",
        "JWT_SECRET": "correct horse battery staple, and more",
        "JWT_SECRET_PREVIOUS": "the one that was before, and is replaced",
        "SOLVER_PRIVATE_KEY": accounts.SOLVERS[0],
    }
    text = repr(loading.load(given, frozenset({Need.DATABASE, Need.REDIS, Need.JWT, Need.SOLVER})))
    assert not any(
        secret in text for secret in ("hunter2", "hunter3", "correct horse", "the one that", accounts.SOLVERS[0][2:])
    )


def test_a_chain_without_a_mailbox_domain_is_a_fault(environment, tmp_path, chains_file):
    (tmp_path / "orbital.toml").write_text(chains_file.replace("domain = 77", ""))
    assert any("domain" in fault for fault in faults_of(environment, Need.NETWORK))


NODE = 'rpc_urls = ["http://127.0.0.1:1"]\n'


def faults_with(environment: dict[str, str], old: str, new: str) -> list[str]:
    path = pathlib.Path(environment["ORBITAL_CONFIG"])
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    return faults_of(environment, Need.NETWORK)


@pytest.mark.parametrize("line", ["", "rpc_urls = []\n"])
def test_a_chain_of_the_file_without_a_node_is_a_fault(environment, line):
    assert faults_with(environment | {"LOCAL_RPC_URL": ""}, NODE, line) == [
        "[chains.local] has no node: give it rpc_urls or set LOCAL_RPC_URL"
    ]
    given = environment | {"LOCAL_RPC_URL": "http://127.0.0.1:2"}
    assert loading.load(given, frozenset({Need.NETWORK})).nodes[7].urls == ("http://127.0.0.1:2",)


def test_who_needs_no_network_needs_no_node_for_it(environment, chains_file):
    pathlib.Path(environment["ORBITAL_CONFIG"]).write_text(chains_file.replace(NODE, ""))
    assert loading.load(environment, frozenset()).nodes == {}


def test_an_empty_variable_switches_no_chain_on(environment):
    assert loading.load(environment | {"HOLESKY_RPC_URL": " ,"}, frozenset({Need.NETWORK})).nodes.keys() == {7}


def test_a_misspelt_key_of_a_chain_is_told_beside_what_it_should_have_been(environment):
    assert faults_with(environment, "rpc_urls", "rpc_url") == [
        "[chains.local] has no node: give it rpc_urls or set LOCAL_RPC_URL",
        "[chains.local]: Object contains unknown field `rpc_url`",
    ]


@pytest.mark.parametrize(
    ("name", "chain_id", "domain", "said"),
    [
        ("twin", 7, 78, "chain_id 7 stands in"),
        ("twin", 8, 77, "domain 77 stands in"),
        ("my-l2", 8, 78, "MY_L2_RPC_URL is the variable of"),
        ("My_L2", 8, 78, "MY_L2_RPC_URL is the variable of"),
    ],
)
def test_two_chains_of_one_number_domain_or_variable_are_a_fault(
    environment, name, chain_id, domain, said, chains_file
):
    twin = f"\n[chains.{name}]\nchain_id = {chain_id}\ndomain = {domain}\n{NODE}"
    path = pathlib.Path(environment["ORBITAL_CONFIG"])
    path.write_text(chains_file.replace("chains.local", "chains.my_l2") + twin)
    contracts = {"INTENTS_CONTRACT_ADDRESS": ADDRESS, "MAILBOX_CONTRACT_ADDRESS": ADDRESS}
    assert faults_of(environment | contracts, Need.NETWORK) == [
        f"{said} two sections: [chains.my_l2] and [chains.{name}]"
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("confirmations = 10000", "Expected `int` <= 9999 - at `$.confirmations`"),
        ("confirmations = 0", "Expected `int` >= 1 - at `$.confirmations`"),
        ("calls_per_second = 2.9", "Expected `float` >= 3.0 - at `$.calls_per_second`"),
    ],
)
def test_a_number_with_which_no_chain_is_followed_is_a_fault(environment, line, said):
    assert faults_with(environment, NODE, f"{NODE}{line}\n") == [f"[chains.local]: {said}"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wrong_key = 3", "unknown key wrong_key"),
        ("database_url = 'postgresql://u:hunter2@h/d'", "unknown key database_url"),
        ("[registery]\nchain_id = 7", "unknown table [registery]"),
    ],
)
def test_what_nobody_reads_at_the_top_of_the_file_is_a_fault(environment, line, said):
    assert faults_with(environment, "[registry]\n", f"{line}\n[registry]\n") == [f"orbital.toml: {said}"]


@pytest.mark.parametrize(
    "name",
    [
        "SERVER_ADDRESS",
        "PUBLIC_URL",
        "API_URL",
        "DENIED_ADDRESSES",
        "TRUSTED_PROXIES",
        "CORS_ORIGINS",
        "LOG_LEVEL",
        "METRICS_PORT",
    ],
)
def test_a_fault_names_the_key_of_the_file_when_that_is_what_was_read(environment, name, chains_file):
    (fault,) = faults_with(environment, "[registry]\n", f"{name.lower()} = 'nonsense'\n[registry]\n")
    assert fault.startswith(f"{name.lower()} of orbital.toml (or {name}) must ")
    pathlib.Path(environment["ORBITAL_CONFIG"]).write_text(f"{name.lower()} = 'nonsense'\n" + chains_file)
    (fault,) = faults_of(environment | {name: "nonsense too"})
    assert fault.startswith(f"{name} must ")


def test_settings_that_are_variables_may_stand_at_the_top_of_the_file(environment, chains_file):
    lines = "auction_window_ms = 900\nsolver_fee_bps = 7\nlog_level = 'error'\nregistry_chain_id = 7\n"
    pathlib.Path(environment["ORBITAL_CONFIG"]).write_text(lines + chains_file)
    settings = loading.load(environment, frozenset({Need.NETWORK}))
    assert (settings.auction_window_ms, settings.fee_bps, settings.log_level) == (900, 7, "error")


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("['http://n', '']", "URL 2 is empty"),
        ("[' ']", "URL 1 is empty"),
        ("['http://n', 'http://m', 'http://n/ ']", "URL 3 repeats URL 1"),
        ("['http://n', 'ws://n']", "URL 2 must be a URL that starts with http:// or https://"),
        ("['http://', 'http://n']", "URL 1 must name a host, and a port below 65536 if any"),
        ("['http://n', 'http://m:65536']", "URL 2 must name a host, and a port below 65536 if any"),
    ],
)
def test_a_node_that_is_none_or_is_there_already_is_a_fault_by_its_place(environment, urls, said):
    fault = f"[chains.local] rpc_urls (or LOCAL_RPC_URL): {said}"
    assert faults_with(environment, NODE, f"rpc_urls = {urls}\n") == [fault]


def test_streams_and_variables_are_held_to_the_same(environment, chains_file):
    for urls, said in (
        ("['']", "URL 1 is empty"),
        ("['http://n']", "URL 1 must be a URL that starts with ws:// or wss://"),
        ("['ws://n', 'wss://:8546']", "URL 2 must name a host, and a port below 65536 if any"),
    ):
        pathlib.Path(environment["ORBITAL_CONFIG"]).write_text(chains_file.replace(NODE, f"{NODE}ws_urls = {urls}\n"))
        assert faults_of(environment) == [f"[chains.local] ws_urls (or LOCAL_WS_URL): {said}"]
    pathlib.Path(environment["ORBITAL_CONFIG"]).write_text(chains_file)
    assert faults_of(environment | {"LOCAL_RPC_URL": "http://n,http://n"}) == ["LOCAL_RPC_URL: URL 2 repeats URL 1"]


@pytest.mark.parametrize(
    ("given", "read"),
    [("5", "5"), ("'5'", "5"), ("9999", "9999"), ("0", "latest"), ("'latest'", "latest"), ("'safe'", "safe")],
)
def test_a_fill_waits_for_a_tag_or_for_confirmations(environment, given, read, chains_file):
    pathlib.Path(environment["ORBITAL_CONFIG"]).write_text(chains_file.replace(NODE, f"{NODE}fill_after = {given}\n"))
    assert loading.load(environment, frozenset({Need.NETWORK})).network.chains[7].fill_after == read


@pytest.mark.parametrize("given", ["10000", "-1", "1.5", "true", "''", "'soon'", "['safe']", "{a = 1}"])
def test_what_no_fill_can_wait_for_is_a_fault(environment, given):
    assert faults_with(environment, NODE, f"{NODE}fill_after = {given}\n") == [
        "[chains.local] fill_after must be latest, safe, finalized or a number up to 9999"
    ]


@pytest.mark.parametrize(
    "content", ["= broken", "chains = 3", "[chains]\nlocal = 1", "registry = 4", 'fee = "x"\n[chains.a]\nrpc_urls = 7']
)
def test_a_broken_file_is_a_fault_and_no_crash(tmp_path, content):
    (tmp_path / "orbital.toml").write_text(content)
    assert faults_of({"ORBITAL_CONFIG": str(tmp_path / "orbital.toml")}, Need.NETWORK)


def test_a_missing_file_is_a_fault():
    assert faults_of({"ORBITAL_CONFIG": "/nonexistent/orbital.toml"}, Need.NETWORK)


def foreign_faults(environment: dict[str, str], chains_file: str, section: str) -> list[str]:
    path = pathlib.Path(environment["ORBITAL_CONFIG"])
    path.write_text(chains_file + "[[chains.local.foreign]]\n" + section)
    return faults_of(environment, Need.NETWORK)


def test_contracts_of_watched_protocols_come_from_the_file(environment, chains_file):
    path = pathlib.Path(environment["ORBITAL_CONFIG"])
    path.write_text(
        chains_file
        + f'[[chains.local.foreign]]\nprotocol = "across"\naddress = "{ADDRESS}"\nfirst_block = 9\nlast_block = 9\n'
    )
    (watched,) = loading.load(environment, frozenset({Need.NETWORK})).network.chains[7].foreign
    assert (watched.protocol, watched.first_block, watched.last_block, watched.version) == ("across", 9, 9, None)


def test_a_protocol_without_an_adapter_is_a_fault(environment, chains_file):
    common = f'address = "{ADDRESS}"\nfirst_block = 9\n'
    for protocol in ("orbital", "acros"):
        assert foreign_faults(environment, chains_file, f'protocol = "{protocol}"\n' + common) == [
            "[chains.local] foreign: protocol must be one of across"
        ]
    assert foreign_faults(environment, chains_file, 'protocol = "across"\nversion = "2"\n' + common) == [
        "[chains.local] foreign: version of across must be one of 3, 3-legacy"
    ]
    assert foreign_faults(environment, chains_file, 'protocol = "across"\nlast_block = 8\n' + common) == [
        "[chains.local] foreign: last_block must not be below first_block"
    ]


@pytest.mark.parametrize(
    ("name", "chain_id"),
    [("ETHEREUM", 1), ("OPTIMISM", 10), ("BASE", 8453), ("ARBITRUM", 42161), ("HOLESKY", 17000)],
)
def test_five_chains_need_a_node_and_no_section(environment, name, chain_id):
    addresses = {"INTENTS_CONTRACT_ADDRESS": ADDRESS, "MAILBOX_CONTRACT_ADDRESS": ADDRESS}
    settings = loading.load(environment | addresses | {f"{name}_RPC_URL": "http://127.0.0.1:9"}, frozenset())
    assert settings.network.chains[chain_id].domain == chain_id
    assert settings.nodes[chain_id].urls == ("http://127.0.0.1:9",)


def test_any_chain_may_go_by_depth_and_spare_its_nodes(environment, tmp_path, chains_file):
    section = "[chains.local]\nconfirmations = 12\ncalls_per_second = 3\n"
    (tmp_path / "orbital.toml").write_text(chains_file.replace("[chains.local]\n", section))
    settings = loading.load(environment, frozenset({Need.NETWORK}))
    assert settings.network.chains[7].confirmations == 12
    assert settings.nodes[7].calls_per_second == 3
