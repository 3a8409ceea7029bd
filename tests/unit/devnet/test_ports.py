import os
import pathlib
import socket

from orbital.devnet import ports


def listen(port: int = 0) -> socket.socket:
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind((ports.LOOPBACK, port))
    server.listen()
    return server


def test_port_is_kept_while_it_is_free(tmp_path: pathlib.Path) -> None:
    first = ports.keep_port(tmp_path / "port")
    assert ports.keep_port(tmp_path / "port") == first


def test_taken_port_is_replaced_and_the_new_one_kept(tmp_path: pathlib.Path) -> None:
    first = ports.keep_port(tmp_path / "port")
    with listen(first):
        second = ports.keep_port(tmp_path / "port")
        assert second != first
    assert ports.keep_port(tmp_path / "port") == second


def test_wanted_port_is_taken_at_its_word(tmp_path: pathlib.Path) -> None:
    with listen() as server:
        port = server.getsockname()[1]
        assert ports.keep_port(tmp_path / "port", port) == port


def test_unreadable_record_counts_as_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "port").write_text("70000\n")
    assert 0 < ports.keep_port(tmp_path / "port") < 65536


def test_two_records_never_give_one_port(tmp_path: pathlib.Path) -> None:
    first = ports.keep_port(tmp_path / "one")
    (tmp_path / "other").write_text(f"{first}\n")
    second = ports.keep_port(tmp_path / "other")
    assert second != first
    assert [ports.keep_port(tmp_path / name) for name in ("one", "other")] == [first, second]


def test_a_port_that_a_server_was_told_is_in_no_record(tmp_path: pathlib.Path) -> None:
    with listen() as server:
        told = server.getsockname()[1]
        assert not ports.hold(told)
    (tmp_path / "port").write_text(f"{told}\n")
    assert ports.hold(told)
    assert ports.keep_port(tmp_path / "port") != told
    listen(told).close()


def test_a_listener_that_shares_no_address_has_its_port_alone(tmp_path: pathlib.Path) -> None:
    with socket.socket() as strict:
        strict.bind((ports.LOOPBACK, 0))
        taken = strict.getsockname()[1]
        (tmp_path / "port").write_text(f"{taken}\n")
        for _ in ("bound", "listening"):
            assert not ports.hold(taken)
            assert ports.keep_port(tmp_path / "port") != taken
            (tmp_path / "port").write_text(f"{taken}\n")
            strict.listen()


def test_only_the_listening_process_serves_a_port() -> None:
    with listen() as server:
        port = server.getsockname()[1]
        assert ports.is_served_by(port, os.getpid())
        assert not ports.is_served_by(port, os.getppid())
        assert not ports.hold(port)
    assert not ports.is_served_by(port, os.getpid())
    assert ports.hold(port)


def test_a_found_port_is_given_to_nobody_else_but_its_server() -> None:
    held = {ports.find_free_port() for _ in range(100)}
    assert len(held) == 100
    for _ in range(2000):
        with socket.socket() as other:
            other.bind((ports.LOOPBACK, 0))
            assert other.getsockname()[1] not in held
    for port in held:
        assert ports.hold(port)
        listen(port).close()


def test_the_oldest_ports_are_let_go() -> None:
    first = ports.find_free_port()
    for _ in range(ports.HELD_MAX):
        ports.find_free_port()
    with socket.socket() as strict:
        strict.bind((ports.LOOPBACK, first))
