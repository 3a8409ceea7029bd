"""A port that can't be had is told with the setting that asked for it."""

import errno
import os
import socket

import pytest

from orbital.app import listening
from orbital.domain import errors

LOOPBACK = "127.0.0.1"
ELSEWHERE = "192.0.2.1"  # an address of no machine


async def test_it_listens_until_the_block_ends():
    async with listening.listen("SERVER_ADDRESS", LOOPBACK, 0) as (one,):
        place = one.getsockname()
        socket.create_connection(place).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(place)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
async def test_an_ipv6_address_stands_in_brackets():
    async with listening.listen("SERVER_ADDRESS", "[::1]", 0) as (one,):
        socket.create_connection(one.getsockname()[:2]).close()


async def test_what_keeps_it_from_listening_has_a_code_and_names_the_setting():
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        for host, code in ((LOOPBACK, "port_taken"), (ELSEWHERE, "address_refused")):
            with pytest.raises(errors.Rejected) as caught:
                async with listening.listen("SERVER_ADDRESS", host, port):
                    raise AssertionError("it listens")
            reason = os.strerror(errno.EADDRINUSE if code == "port_taken" else errno.EADDRNOTAVAIL)
            told = f"SERVER_ADDRESS: can't listen on {host}:{port} ({reason})."
            assert (caught.value.code, caught.value.detail) == (code, told)
            with pytest.raises(errors.Rejected, match=f"{code}: METRICS_PORT"):
                listening.serve_metrics("METRICS_PORT", host, port)
