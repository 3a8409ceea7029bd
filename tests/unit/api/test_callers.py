"""Who is believed about where a request comes from."""

import ipaddress

import pytest

from orbital.api import callers
from orbital.api.settings import ApiSettings

PROXIES = tuple(ipaddress.ip_network(one) for one in ("10.0.0.0/8", "192.0.2.7/32", "fd00::/8"))


def place(peer, *forwarded: str, proxies=PROXIES):
    settings = ApiSettings("http://orbital.example", "secret", trusted_proxies=proxies)
    headers = [(b"x-forwarded-for", one.encode("latin-1")) for one in forwarded]
    return callers.by_place(settings, {"type": "http", "client": peer and (peer, 1), "headers": headers})


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.5", (), "ip:203.0.113.5"),
        ("203.0.113.5", ("198.51.100.1",), "ip:203.0.113.5"),
        ("10.0.0.1", (), "ip:10.0.0.1"),
        ("10.0.0.1", ("198.51.100.1",), "ip:198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1",), "ip:198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, 198.51.100.1, 192.0.2.7,10.9.9.9",), "ip:198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1", "198.51.100.1", "192.0.2.7"), "ip:198.51.100.1"),
        ("10.0.0.1", ("10.0.0.3, 10.0.0.2",), "ip:10.0.0.3"),
        ("10.0.0.1", ("198.51.100.1:4711",), "ip:198.51.100.1"),
        ("10.0.0.1", ("1.1.1.1, unknown, 10.0.0.2",), "ip:10.0.0.2"),
        ("10.0.0.1", ("1.1.1.1, \xe9",), "ip:10.0.0.1"),
        ("10.0.0.1", ("",), "ip:10.0.0.1"),
        ("fd00::1", ("[2001:db8:1:2:3:4:5:6]:443",), "ip:2001:db8:1:2::"),
        ("::ffff:10.0.0.1", ("198.51.100.1",), "ip:198.51.100.1"),
        ("2001:db8:1:2:3:4:5:6", (), "ip:2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", (), "ip:2001:db8:1:2::"),
        ("2001:db8:1:3::1", (), "ip:2001:db8:1:3::"),
        (None, ("198.51.100.1",), "ip:unknown"),
    ],
)
def test_the_right_most_address_that_no_trusted_proxy_has_is_the_caller(peer, forwarded, expected):
    assert place(peer, *forwarded) == expected


def test_without_trusted_proxies_nobody_is_believed():
    assert place("10.0.0.1", "198.51.100.1", proxies=()) == "ip:10.0.0.1"
