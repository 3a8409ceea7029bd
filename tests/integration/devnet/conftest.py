import collections.abc
import pathlib
import shutil
import tempfile

import pytest


@pytest.fixture
def reachable_dir() -> collections.abc.Iterator[pathlib.Path]:
    """A folder that any user can reach; pytest's own temporary folders are closed to others."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="orbital-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
