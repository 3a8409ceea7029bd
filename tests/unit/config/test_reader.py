"""Whatever a variable holds, reading it is a fault that names it, never a crash, and never shows it."""

import pytest

from orbital.config import loading
from orbital.config.reader import Reader
from orbital.config.tree import ConfigError, Mode


@pytest.mark.parametrize("text", ["http://[", "http://[::1", "postgresql://u:hunter2[@h/d", "nonsense", "//h"])
def test_what_is_no_url_is_a_fault_that_does_not_show_it(text):
    reader = Reader({}, {}, Mode.PROD)
    reader.url("DATABASE_URL", text, ("http", "postgresql"))
    (fault,) = reader.faults
    assert fault.startswith("DATABASE_URL is no URL" if "[" in text else "DATABASE_URL must be a URL that starts with ")
    assert text not in fault


@pytest.mark.parametrize("text", ["", "-1", "+1", "1.5", "\u0663", "x", "11", "9" * 5000])
def test_what_is_no_number_in_range_is_a_fault(text):
    reader = Reader({"SOME_NUMBER": text}, {}, Mode.PROD)
    assert reader.number("SOME_NUMBER", 3, 0, 10) == 3
    (fault,) = reader.faults
    assert "SOME_NUMBER must be a whole number from 0 to 10" in fault


def test_the_largest_contract_number_is_read():
    reader = Reader({"SOME_NUMBER": str(2**256 - 1)}, {}, Mode.PROD)
    assert reader.number("SOME_NUMBER", 3, 0, 2**256 - 1) == 2**256 - 1
    assert reader.faults == []


def test_a_secret_file_that_is_not_text_is_a_fault(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"hunter2\xff")
    reader = Reader({"JWT_SECRET_FILE": str(path)}, {}, Mode.PROD)
    assert reader.secret("JWT_SECRET") is None
    (fault,) = reader.faults
    assert "JWT_SECRET_FILE" in fault
    assert "hunter2" not in fault


def test_a_password_that_would_be_taken_for_a_port_and_a_path_is_a_fault():
    reader = Reader({}, {}, Mode.PROD)
    reader.url("ONE", "https://me:12/34@node.example/v2", ("https",))
    reader.url("TWO", "https://me:12%2F34@node.example/v2", ("https",))
    assert reader.faults == ["ONE has an @ in its path: a / in a password is written %2F"]


def test_an_ipv6_address_to_listen_at_stands_in_brackets():
    settings = loading.load({"SERVER_ADDRESS": "[::1]:8080"}, frozenset())
    assert (settings.host, settings.port, settings.public_url) == ("[::1]", 8080, "http://[::1]:8080")
    with pytest.raises(ConfigError) as caught:
        loading.load({"SERVER_ADDRESS": "::1:8080"}, frozenset())
    assert caught.value.faults == ["SERVER_ADDRESS must be host:port (an IPv6 address in brackets)"]


def test_a_file_that_can_not_be_read_is_told_once_and_in_words(tmp_path):
    path = tmp_path / "orbital.toml"
    for content, said in ((None, "No such file or directory"), (b"fee = '\xff'", "it is not UTF-8 text")):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            loading.load({"ORBITAL_CONFIG": str(path)}, frozenset())
        assert caught.value.faults == [f"{path} can't be read: {said}"]


@pytest.mark.parametrize("place", ["h:99999", "h:x", "a:1,h:99999"])
def test_a_port_of_a_database_that_can_not_be_is_a_fault(place):
    reader = Reader({}, {}, Mode.PROD)
    reader.url("DATABASE_URL", f"postgresql://me:hunter2@{place}/d", ("postgresql",))
    assert reader.faults == ["DATABASE_URL must have a port below 65536 if any"]


@pytest.mark.parametrize("url", ["p://a:1,b:2/d", "p:///d?host=/run", "p://me:1@[::1]:5/d", "p://me@/run/s", "p://h"])
def test_a_database_may_have_several_places_or_none(url):
    reader = Reader({}, {}, Mode.PROD)
    reader.url("DATABASE_URL", url, ("p",))
    assert reader.faults == []
