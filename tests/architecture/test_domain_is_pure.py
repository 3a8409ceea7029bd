"""The domain uses itself and a short list of the standard library: no clock, chance, network, files or logging."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2] / "src/orbital/domain"
ALLOWED = {"bisect", "collections.abc", "dataclasses", "enum", "typing", "functools", "itertools", "math", "re"}
IMPURE_BUILTINS = {"open", "input", "print", "eval", "exec", "__import__"}
FILES = sorted(ROOT.rglob("*.py"))


def test_the_domain_is_seen():
    assert len(FILES) > 5


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_are_of_the_short_list(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module)
    foreign = {name for name in imported if name not in ALLOWED and not f"{name}.".startswith("orbital.domain.")}
    assert foreign == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_reaches_outside(path):
    called = {
        node.func.id
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called & IMPURE_BUILTINS == set()
