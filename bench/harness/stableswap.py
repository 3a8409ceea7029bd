"""StableSwap of curvesim, the peer: its pool module alone.

The package's own `__init__` files import its data sources and charts with a hundred dependencies. The pool needs none
of them, so the packages above it are entered here without running those files.
"""

import importlib
import pathlib
import sys
import types
import typing


def load(target: pathlib.Path) -> typing.Any:
    """The class CurvePool of the copy of curvesim in `target`."""
    for name in ("curvesim", "curvesim.pool", "curvesim.pool.stableswap"):
        package = types.ModuleType(name)
        package.__path__ = [str(target.joinpath(*name.split(".")))]
        sys.modules[name] = package
    return importlib.import_module("curvesim.pool.stableswap.pool").CurvePool
