import pathlib

from orbital.devnet import secret


def test_password_is_kept_private_and_differs_between_folders(tmp_path: pathlib.Path) -> None:
    first = secret.keep_password(tmp_path / "one" / "password")
    assert len(first) >= 32
    assert secret.keep_password(tmp_path / "one" / "password") == first
    assert secret.keep_password(tmp_path / "two" / "password") != first
    assert (tmp_path / "one" / "password").stat().st_mode & 0o777 == 0o600


def test_private_file_is_replaced_whole_over_a_left_draft(tmp_path: pathlib.Path) -> None:
    (tmp_path / "a.new").write_text("left by a kill")
    secret.write_private(tmp_path / "a", "one")
    secret.write_private(tmp_path / "a", "two")
    assert [(entry.name, entry.read_text()) for entry in tmp_path.iterdir()] == [("a", "two")]
