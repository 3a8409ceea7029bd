"""Files stay under 400 lines and functions under 60: a crowded room is redesigned, not extended."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[2]
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
FILES = sorted(
    path
    for folder in ("src", "tests", "bench", "contracts")
    for kind in ("*.py", "*.sol", "*.mjs", "*.sql")
    for path in (ROOT / folder).rglob(kind)
)


def test_the_tree_is_seen():
    assert len(FILES) > 50


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_short_enough(path):
    assert len(path.read_text().splitlines()) <= FILE_LINES_MAX


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.suffix == ".py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_functions_are_short_enough(path):
    long = [
        f"{node.name} has {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_init_files_are_empty():
    assert [path for path in FILES if path.name == "__init__.py" and path.read_text()] == []


@pytest.mark.parametrize("room", ["utils", "common", "helpers"])
def test_no_room_is_a_drawer(room):
    assert [path for path in (ROOT / "src").rglob("*") if path.stem == room] == []


def test_imports_stand_at_the_top():
    """`cli` picks a verb by `importlib.import_module`; nobody else loads anything late."""
    late = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in FILES
        if path.suffix == ".py" and path.is_relative_to(ROOT / "src")
        for function in ast.walk(ast.parse(path.read_text()))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []
