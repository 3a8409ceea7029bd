"""A data directory that can't be is told in a line."""

import pytest

from orbital.devnet import datadir
from orbital.domain import errors


def test_a_folder_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(errors.Rejected) as caught, datadir.hold(tmp_path / "file"):
        raise AssertionError("it is held")
    assert str(caught.value) == f"data_dir_refused: can't write to {tmp_path / 'file'}: File exists"
    assert (tmp_path / "file").read_text() == "mine"
