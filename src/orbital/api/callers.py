"""Who counts as one caller: the address of a valid token, or else where a request comes from.

A proxy's word about that is taken from proxies that are configured as trusted, and of what they say the right-most
address that is not one of them: all before it could have been written by anybody. An IPv6 host has a whole /64 to call
from, so that is one caller.
"""

import ipaddress
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from orbital.api import tokens
from orbital.api.settings import ApiSettings, IpNetwork
from orbital.domain.errors import Unauthenticated
from orbital.domain.types import Address, UnixSeconds

IPV6_PREFIX: Final = 64
UNKNOWN: Final = "ip:unknown"

_Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


def by_place(settings: ApiSettings, scope: Scope) -> str:
    """A key for where the request comes from."""
    found = _client(settings.trusted_proxies, scope)
    if found is None:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address):
        found = ipaddress.ip_network((found, IPV6_PREFIX), strict=False).network_address
    return f"ip:{found}"


def by_address(address: Address) -> str:
    """A key for who is logged in."""
    return f"address:0x{address.hex()}"


def find_address(settings: ApiSettings, scope: Scope, now: UnixSeconds) -> Address | None:
    """Whom a token speaks for that this service made and that is in time; whether its session runs is not asked."""
    scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        return None
    try:
        return tokens.verify(settings, token.strip(), now).address
    except Unauthenticated:
        return None


def _client(trusted: tuple[IpNetwork, ...], scope: Scope) -> _Ip | None:
    """The right-most address that is no trusted proxy, the left-most one if all are; None when it can't be known."""
    peer = scope.get("client")
    found = None if peer is None else _parse(peer[0])
    if found is None or not _is_in(trusted, found):
        return found
    named = ",".join(Headers(scope=scope).getlist("x-forwarded-for")).split(",")
    for one in reversed(named):
        said = _parse(one)
        if said is None:
            return found
        found = said
        if not _is_in(trusted, found):
            return found
    return found


def _is_in(networks: tuple[IpNetwork, ...], ip: _Ip) -> bool:
    return any(ip in network for network in networks)


def _parse(text: str) -> _Ip | None:
    """An address, which a proxy may have written with its port."""
    host = text.strip()
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip
